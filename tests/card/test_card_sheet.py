import numpy as np
import pytest

from tfdeepsim.card.neighbours import Neighbours
from tfdeepsim.card.sheet import FRAME_COLOUR, GAP, neighbour_sheet

NEIGHBOURS = Neighbours(np.array([3, 0]), np.array([[1, 2], [3, 1]]), np.zeros((2, 2)))


def images(height, width, channels=3):
    """Image number n has the grey level 10 n + 5."""
    levels = np.arange(4, dtype=np.uint8) * 10 + 5
    return np.broadcast_to(levels[:, None, None, None], (4, height, width, channels))


@pytest.mark.parametrize(
    ("shape", "cell"),
    [
        ((32, 32), (128, 128)),
        ((64, 64), (128, 128)),
        ((96, 96), (96, 96)),
        ((227, 227), (160, 160)),
        ((20, 40), (60, 120)),
        ((400, 200), (160, 80)),
        ((64, 64, 1), (128, 128)),
    ],
    ids=str,
)
def test_query_first_then_its_neighbours_at_a_size_that_can_be_seen(shape, cell):
    sheet = np.asarray(neighbour_sheet(images(*shape), NEIGHBOURS))
    height, width = cell
    assert sheet.shape == (2 * height + 3 * GAP, 3 * width + 6 * GAP, 3)
    for row, levels in enumerate([[35, 15, 25], [5, 35, 15]]):
        top = GAP + row * (height + GAP)
        lefts = [GAP, width + 4 * GAP, 2 * width + 5 * GAP]
        for left, level in zip(lefts, levels, strict=True):
            assert (sheet[top : top + height, left : left + width] == level).all()


def test_only_the_query_is_framed():
    sheet = np.asarray(neighbour_sheet(images(64, 64), NEIGHBOURS))
    framed = (sheet == FRAME_COLOUR).all(axis=2)
    assert framed[GAP - 1, GAP : GAP + 128].all()
    assert framed[GAP : GAP + 128, GAP + 128].all()
    assert not framed[:, GAP + 128 + GAP :].any()
    assert not framed[:, : GAP - 3].any()


def test_reads_only_what_it_shows():
    class Some:
        def __getitem__(self, index):
            assert index in {0, 1, 2, 3}
            asked.append(index)
            return images(8, 8)[index]

    asked = []
    neighbour_sheet(Some(), NEIGHBOURS)
    assert len(asked) == 6
