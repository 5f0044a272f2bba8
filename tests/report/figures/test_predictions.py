import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.figures import predictions as module
from tfdeepsim.report.figures.confusion import class_labels, confusion
from tfdeepsim.report.figures.predictions import prediction_panels
from tfdeepsim.report.run_files import Predictions


@pytest.fixture
def record(make_run, make_score, read_scored):
    score = make_score("ae")
    return read_scored(make_run(score), score)


def predicting(record, target, predicted):
    return dataclasses.replace(
        record, predictions=Predictions(np.asarray(target), np.asarray(predicted))
    )


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_right_predictions_lie_on_the_diagonal(record):
    target = np.linspace(-1, 1, 400, dtype=np.float32)[:, None]
    sheets = [
        opened(prediction_panels([predicting(record, target, p)])) for p in (target, 0 * target)
    ]
    blue = [np.argwhere((sheet[..., 2].astype(int) - sheet[..., 0]) > 60) for sheet in sheets]
    # The header's bar is blue too, and above every point.
    points = [b[b[:, 0] > 80] for b in blue]
    slopes = [np.polyfit(p[:, 1], p[:, 0], 1)[0] for p in points]
    np.testing.assert_allclose(slopes, [-1, 0], atol=0.02)


def test_more_than_four_runs_go_on_below(record):
    four, eight = (opened(prediction_panels([record] * n)) for n in (4, 8))
    assert four.shape[1] == eight.shape[1] == 2000
    assert eight.shape[0] == 2 * four.shape[0]


def test_limits_are_those_of_the_true_values_in_all_runs(record):
    # A probe that diverged must not squeeze the others.
    target = record.predictions.target
    near = predicting(record, target, target)
    far = predicting(record, target, target + 1e6)
    assert module._limits([p.predictions.target[:, 0] for p in (near, far)])[1] < 2
    alone, beside = (opened(prediction_panels(runs)) for runs in ([near, near], [near, far]))
    np.testing.assert_array_equal(alone[:, :1000], beside[:, :1000])


def test_predictions_that_are_not_finite_are_drawn(record):
    target = record.predictions.target
    assert prediction_panels([predicting(record, target, np.full_like(target, np.nan))])


def test_equal_targets_are_drawn(record):
    constant = np.ones((5, 1), np.float32)
    assert prediction_panels([predicting(record, constant, constant)])


def test_no_predictions_no_figure(record):
    assert prediction_panels([dataclasses.replace(record, predictions=None)]) is None


def test_confusion_in_percent_of_the_true_class():
    predictions = Predictions(np.array([3, 3, 3, 3, 7, 7]), np.array([3, 3, 3, 7, 7, 9]))
    table = confusion(predictions, np.array([3, 7, 9]))
    np.testing.assert_array_equal(table[:2], [[75, 25, 0], [0, 50, 50]])
    assert np.isnan(table[2]).all()


def test_classes_give_confusion_matrices(record):
    target = np.arange(200) % 4
    sheet = opened(prediction_panels([predicting(record, target, target)]))
    # All right: four full cells on the diagonal and nothing else dark.
    panel = sheet[100:800, 120:820]
    dark = (panel.max(axis=-1) < 40).mean()
    np.testing.assert_allclose(dark, 0.25, atol=0.04)


def test_many_classes_are_drawn_without_numbers(record):
    target = np.arange(1000) % 100
    assert prediction_panels([predicting(record, target, target[::-1])])


@pytest.mark.parametrize(("classes", "rows"), [(2, 12), (10, 5), (20, 2), (21, 5), (100, 1)])
def test_any_number_of_classes_and_rows(record, classes, rows):
    target = np.arange(4 * classes) % classes
    assert (
        opened(prediction_panels([predicting(record, target, target[::-1])] * rows)).shape[1]
        == 2000
    )


def test_more_than_twenty_classes_have_no_text_in_cells(record):
    # All right: with numbers the cells of the diagonal hold white ink.
    panels = []
    for classes in (20, 21):
        target = np.arange(10 * classes) % classes
        panels.append(opened(prediction_panels([predicting(record, target, target)])))
    inks = [
        np.mean((p[100:700, 200:900] > 40).all(axis=-1) & (p[100:700, 200:900] < 200).all(axis=-1))
        for p in panels
    ]
    assert inks[0] > 0.01
    assert inks[1] < 0.001


def test_classes_have_their_names(record):
    assert class_labels(np.array([0, 2, 5, -1]), ["cat", "a-rather-long-name", "dog"]) == [
        "cat",
        "dog",
        "5",
        "-1",
    ]
    assert class_labels(np.array([1]), ["cat", "a-rather-long-name"]) == ["a-rat…g-name"]
    named = dataclasses.replace(record, class_names=["$\\frac", "b"])
    target = np.arange(100) % 2
    plain, with_names = (
        prediction_panels([predicting(r, target, target)]) for r in (record, named)
    )
    assert plain != with_names
