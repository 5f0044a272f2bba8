import dataclasses
import io
import itertools

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.figures.curves import learning_curves, terms, wants_log
from tfdeepsim.report.figures.labels import moved_apart
from tfdeepsim.report.figures.style import RUN_COLOURS


@pytest.fixture
def record(make_run, make_score, read_scored):
    score = make_score("vae", model="vae")
    return read_scored(make_run(score), score)


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def inked(sheet, colour):
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return int(np.sum(sheet @ (1, 256, 65536) == wanted @ (1, 256, 65536)))


def test_weighted_terms_and_their_sum(record):
    found = terms(record.history)
    assert list(found) == ["total", "image", "KL"]
    np.testing.assert_allclose(found["total"][0], found["image"][0] + found["KL"][0])
    np.testing.assert_allclose(found["total"][1], found["image"][1] + found["KL"][1])


def test_the_sum_is_left_out_if_there_is_one_term(make_run, make_score, read_scored):
    score = make_score("ae")
    assert list(terms(read_scored(make_run(score), score).history)) == ["image"]


def test_raw_and_weighted_are_not_mixed():
    one = np.ones(3)
    history = {
        "epoch": one,
        "loss": one,
        "kl": 2 * one,
        "weighted_kl": one,
        "val_kl": 2 * one,
        "image": one,
    }
    training, validation = terms(history)["KL"]
    np.testing.assert_array_equal(training, validation)


def test_a_history_without_terms_shows_the_sum():
    assert list(terms({"epoch": np.ones(2), "loss": np.ones(2)})) == ["total"]


def test_every_run_is_drawn_in_its_colour(record):
    sheet = opened(learning_curves([record, record, record]))
    assert sheet.shape[1] == 2000
    for colour in RUN_COLOURS[:3]:
        assert inked(sheet, colour) > 500
    assert inked(sheet, RUN_COLOURS[3]) == 0


def test_colours_do_not_move_when_a_run_has_no_history(record):
    sheet = opened(learning_curves([dataclasses.replace(record, history=None), record]))
    assert inked(sheet, RUN_COLOURS[0]) == 0
    assert inked(sheet, RUN_COLOURS[1]) > 500


def test_four_runs_make_two_rows(record):
    one, four = (opened(learning_curves([record] * n)).shape[0] for n in (1, 4))
    assert one < four < 2 * one


def test_no_history_no_figure(record):
    assert learning_curves([dataclasses.replace(record, history=None)]) is None


@pytest.mark.parametrize(
    "values", [[0.5], [np.nan, np.nan], [np.inf, 1.0], [0.0, -1.0], [1.0, 1e9]]
)
def test_odd_histories_are_drawn(record, values):
    names = ("loss", "val_loss", "image", "val_image")
    history = {"epoch": np.arange(1.0, len(values) + 1)} | {
        name: np.array(values) for name in names
    }
    assert learning_curves([dataclasses.replace(record, history=history)])


def test_a_logarithmic_axis_needs_positive_values_of_different_size():
    assert wants_log(np.array([0.1, 1.0]))
    assert not wants_log(np.array([0.5, 1.0]))
    assert not wants_log(np.array([0.0, 1.0]))
    assert not wants_log(np.array([]))


@pytest.mark.parametrize(
    "heights", [[0.1, 0.5, 0.9], [0.5, 0.5, 0.5], [0.98, 0.99, 1.0], [0.0, 0.01], [-0.1, 0.3], []]
)
def test_names_of_curves_are_moved_apart_in_order(heights):
    moved = moved_apart(heights, 0.1)
    assert len(moved) == len(heights)
    assert all(high - low >= 0.1 - 1e-9 for low, high in itertools.pairwise(moved))
    assert all(height <= 1 for height in moved)


def test_names_that_are_far_apart_stay():
    assert moved_apart([0.1, 0.5, 0.9], 0.1) == [0.1, 0.5, 0.9]
