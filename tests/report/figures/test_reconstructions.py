import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.figures.reconstructions import reconstruction_sheet, same_originals
from tfdeepsim.report.run_files import Samples


@pytest.fixture
def record(make_run, make_score, read_scored):
    score = make_score("ae")
    return read_scored(make_run(score), score)


def with_images(record, original, name="x"):
    return dataclasses.replace(record, name=name, samples=Samples(original, 255 - original))


def opened(png):
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB"))


def areas(sheet):
    """How many pixels have exactly each colour."""
    colours, counts = np.unique(packed(sheet), return_counts=True)
    return dict(zip(colours.tolist(), counts.tolist(), strict=True))


def packed(colour):
    return np.asarray(colour, np.int64) @ (1, 256, 65536)


def test_every_original_and_reconstruction_is_there_in_its_own_colour(record, originals):
    found = areas(opened(reconstruction_sheet([record])))
    for colour in np.concatenate([originals[:, 0, 0], 255 - originals[:, 0, 0]]):
        # 16 pixels enlarged by a whole number: all have one size.
        assert found[int(packed(colour))] == 208**2


def test_rows_are_originals_then_runs_in_order(record, originals):
    runs = [record, with_images(record, originals)]
    runs[1] = dataclasses.replace(runs[1], samples=Samples(originals, originals // 2))
    sheet = opened(reconstruction_sheet(runs))
    tops = [
        np.flatnonzero((packed(sheet) == packed(colour)).any(axis=1))[0]
        for colour in (originals[0, 0, 0], 255 - originals[0, 0, 0], originals[0, 0, 0] // 2)
    ]
    assert tops == [0, 214, 428]


def test_size_of_the_sheet(record):
    # Ten images: a set of eight and a set of two below it, each of originals and one run.
    height, width, _ = opened(reconstruction_sheet([record])).shape
    assert width == 260 + 8 * 214
    assert height == 4 * 214 + 44


def test_runs_on_other_images_stand_under_their_own_originals(record, originals):
    runs = [
        record,
        with_images(record, originals[:, ::-1] // 3 + 7),
        with_images(record, originals.copy()),
    ]
    assert same_originals(runs) == [[0, 2], [1]]
    found = areas(opened(reconstruction_sheet(runs)))
    for images in (originals, originals // 3 + 7):
        assert found[int(packed(images[0, 0, 0]))] == 208**2


@pytest.mark.parametrize("shape", [(3, 300, 227, 3), (1, 20, 40, 3), (2, 1, 1, 3)])
def test_images_of_any_size(record, shape):
    images = np.full(shape, (10, 200, 30), np.uint8)
    found = areas(opened(reconstruction_sheet([with_images(record, images)])))
    assert found[int(packed((10, 200, 30)))] > 1000 * shape[0]


def test_runs_without_samples_are_left_out(record):
    without = dataclasses.replace(record, samples=None)
    assert reconstruction_sheet([without]) is None
    assert same_originals([without, record]) == [[1]]


def test_names_are_neither_formulas_nor_boxes(record):
    # Unbalanced TeX, and characters that the type does not have, must not raise or warn.
    assert reconstruction_sheet([dataclasses.replace(record, name="$\\frac{ 日本 \x1b")])
