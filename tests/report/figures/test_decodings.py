import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.figures.decodings import decoded_sheet
from tfdeepsim.report.run_files import DecodedEmbeddings


@pytest.fixture
def record(make_run, make_score, read_scored, originals):
    score = make_score("ae")
    decoded = DecodedEmbeddings(originals, 255 - originals, 0.0123)
    return dataclasses.replace(read_scored(make_run(score), score), decoded=decoded)


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def packed(colour):
    return np.asarray(colour, np.int64) @ (1, 256, 65536)


def test_originals_are_above_one_row_for_each_representation(record, originals):
    other = dataclasses.replace(record, decoded=DecodedEmbeddings(originals, originals // 2, None))
    sheet = opened(decoded_sheet([record, dataclasses.replace(record, decoded=None), other]))
    tops = [
        np.flatnonzero((packed(sheet) == packed(colour)).any(axis=1))[0]
        for colour in (originals[0, 0, 0], 255 - originals[0, 0, 0], originals[0, 0, 0] // 2)
    ]
    assert tops == [0, 214, 428]


def test_the_error_stands_at_the_label(record):
    without = dataclasses.replace(record, decoded=dataclasses.replace(record.decoded, mse=None))
    labels = [opened(decoded_sheet([r]))[:, :260] for r in (record, without)]
    assert not np.array_equal(*labels)


def test_other_originals_stand_below_their_own(record, originals):
    other = dataclasses.replace(record, decoded=DecodedEmbeddings(originals // 3, originals, 0.1))
    assert opened(decoded_sheet([record, other])).shape[0] == 8 * 214 + 3 * 44


def test_many_rows_show_one_set_of_images(record):
    assert opened(decoded_sheet([record] * 7)).shape[0] == 8 * 214


def test_an_external_encoder_with_a_long_name(record):
    name = "averylongfilenamewithoutanyplacetobreak and more words than three lines can hold.keras"
    assert decoded_sheet([dataclasses.replace(record, system=name, own_name="", short_name="")])


def test_nothing_decoded_no_figure(record):
    assert decoded_sheet([dataclasses.replace(record, decoded=None)]) is None
