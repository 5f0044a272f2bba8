"""Image files that are decoded by one thread together."""

import io

import numpy as np
import PIL.Image
import pytest

from tfdeepsim.data.images.decode import Undecodable, decode
from tfdeepsim.data.images.decode_many import decode_many
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.errors import InputError

RANDOM = np.random.default_rng(0)
SIZES = [(32, 32)] * 70 + [(20, 31)] * 3 + [(16, 16), (300, 40), (90, 70), (33, 32), (20, 31)]
SIZES += [(23, 18)] * 9  # Pillow may scale heights first


def encoded(height, width, kind):
    pixels = RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)
    data = io.BytesIO()
    PIL.Image.fromarray(pixels).save(data, kind)
    return data.getvalue()


FILES = [encoded(*size, ("PNG", "JPEG")[row % 2]) for row, size in enumerate(SIZES)]


@pytest.mark.parametrize(
    "view",
    [
        Resizing(16),
        Resizing(64),
        Resizing(24, crop="stretch"),
        Resizing(24, shorter_side=37),
        Resizing(300, resize="reflect"),
    ],
    ids=lambda view: f"{view.side} {view.resize} {view.crop} {view.shorter_side}",
)
def test_pixels_are_those_of_each_file_by_itself(view):
    rows = RANDOM.permutation(len(FILES))
    out = np.zeros((len(rows), view.side, view.side, 3), np.uint8)
    assert decode_many(FILES.__getitem__, rows.tolist(), view, out) == {}
    for image, row in zip(out, rows, strict=True):
        np.testing.assert_array_equal(image, decode(FILES[row], view))


def test_failures_are_returned_and_others_decoded():
    def read(row):
        if row == 3:
            raise Undecodable("too large")
        return FILES[row][:50] if row == 1 else FILES[row]

    out = np.full((5, 16, 16, 3), 7, np.uint8)
    failures = decode_many(read, range(5), Resizing(16), out)
    assert {place: type(error) for place, error in failures.items()} == {
        1: Undecodable, 3: Undecodable,
    }  # fmt: skip
    assert str(failures[3]) == "too large"
    assert (out[[1, 3]] == 7).all()
    np.testing.assert_array_equal(out[2], decode(FILES[2], Resizing(16)))


def test_images_that_cannot_be_tiled_are_told_by_their_place():
    out = np.zeros((2, 64, 64, 3), np.uint8)
    rows = [0, SIZES.index((20, 31))]
    failures = decode_many(FILES.__getitem__, rows, Resizing(64, resize="tile"), out)
    assert [*failures] == [1]
    assert isinstance(failures[1], InputError)


def test_a_file_that_cannot_be_read_ends_it():
    def read(row):
        raise InputError("files must be readable", got="none", accepted="some")

    with pytest.raises(InputError, match="readable"):
        decode_many(read, [0], Resizing(16), np.zeros((1, 16, 16, 3), np.uint8))
