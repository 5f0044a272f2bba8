import subprocess
import sys

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probes import (
    PROBE_SETTINGS,
    PROBES,
    check_fractions,
    check_probe,
    check_probe_settings,
    check_probes,
    check_task,
)


def loaded_by(statement):
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_known_probe_is_returned():
    assert [check_probe(name) for name in PROBES] == list(PROBES)


def test_unknown_probe_is_refused_in_one_line():
    with pytest.raises(
        InputError, match=r"probe must be known: got 'mpl'; accepted: mlp, linear"
    ) as caught:
        check_probe("mpl")
    assert "\n" not in str(caught.value)


def test_unknown_settings_of_probes_are_refused_in_one_line():
    assert [check_probe_settings(name) for name in PROBE_SETTINGS] == ["standard", "pihlgren"]
    with pytest.raises(InputError, match="got 'mse'; accepted: standard, pihlgren") as caught:
        check_probe_settings("mse")
    assert "\n" not in str(caught.value)


def test_a_list_of_probes_keeps_its_order():
    assert check_probes("linear, mlp") == ("linear", "mlp")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mlp,mpl", "probe must be known: got 'mpl'"),
        ("", "probe must be known: got ''"),
        (
            "knn,mlp,knn",
            "each probe is named once: got knn,mlp,knn; accepted: different ones of mlp, linear",
        ),
    ],
)
def test_bad_list_of_probes_is_refused_in_one_line(text, message):
    with pytest.raises(InputError, match=message) as caught:
        check_probes(text)
    assert "\n" not in str(caught.value)


def test_svm_is_for_classes():
    check_task("svm", "classification")
    with pytest.raises(InputError, match=r"svm is for classes: .* accepted: mlp, linear, knn"):
        check_task("svm", "regression")


def test_fractions_come_in_rising_order():
    assert check_fractions("1, 0.01,0.1") == (0.01, 0.1, 1.0)
    assert check_fractions("") == ()


@pytest.mark.parametrize(
    "text", ["0", "-0.1", "1.5", "nan", "inf", "10%", "0.1,0.1", "0.1,", "0.1;1"]
)
def test_bad_fractions_are_refused_in_one_line(text):
    with pytest.raises(
        InputError, match=r"above 0 and up to 1: got .* accepted: 0.01,0.1,1"
    ) as caught:
        check_fractions(text)
    assert "\n" not in str(caught.value)


def test_package_loads_no_numpy():
    assert not {"tensorflow", "keras", "numpy"} & set(loaded_by("import tfdeepsim.probes"))


@pytest.mark.parametrize(
    "modules",
    [
        "result metrics data.splits fit label_efficiency scikit_learn.ridge",
        "score scikit_learn.linear scikit_learn.knn scikit_learn.svm",
    ],
)
def test_modules_that_need_no_tensorflow_do_not_load_it(modules):
    loaded = loaded_by(
        "import " + ", ".join(f"tfdeepsim.probes.{name}" for name in modules.split())
    )
    assert not {"tensorflow", "keras"} & set(loaded)
