import subprocess
import sys

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probes import PROBES, check_probe


def loaded_by(statement):
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_known_probe_is_returned():
    assert [check_probe(name) for name in PROBES] == list(PROBES)


def test_unknown_probe_is_refused_in_one_line():
    with pytest.raises(InputError, match=r"probe must be known: got 'mpl'; accepted: mlp") as caught:
        check_probe("mpl")
    assert "\n" not in str(caught.value)


def test_names_load_no_numpy():
    assert not {"tensorflow", "keras", "numpy"} & set(loaded_by("import tfdeepsim.probes"))


def test_results_and_metrics_load_no_tensorflow():
    loaded = loaded_by("import tfdeepsim.probes.result, tfdeepsim.probes.metrics, tfdeepsim.probes.splits")
    assert not {"tensorflow", "keras"} & set(loaded)
