"""Two hundred damaged files of every format that is read without TensorFlow; `make fuzz` damages
more of them, and of all formats."""

import random
import warnings

import pytest
from fuzzed_formats import FORMATS
from mutations import mutated
from run import outcome_of

COUNT = 200


@pytest.mark.parametrize("name", [name for name in FORMATS if not FORMATS[name].heavy])
def test_a_damaged_file_is_read_or_refused_in_one_line(name, tmp_path):
    path = FORMATS[name].write(tmp_path)
    whole = path.read_bytes()
    with warnings.catch_warnings(action="ignore"):
        FORMATS[name].read(path)
        for number in range(COUNT):
            path.write_bytes(mutated(whole, random.Random(f"suite {number}")))
            assert outcome_of(FORMATS[name], path) in ("read", "refused"), number
