import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.external import check_input_range


def test_black_and_white_of_each_input_range():
    assert check_input_range("-1-1") == (-1, 1)
    with pytest.raises(InputError, match="0-255"):
        check_input_range("0..1")
