"""Durations as text."""

import pytest

from tfdeepsim.duration import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (720, "12 min"),
        (5400, "1.5 h"),
        (1e5, "27.8 h"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text
