import numpy as np
import pytest

from tfdeepsim.probes.metrics import METRICS, best_constant, measure

RNG = np.random.default_rng(0)


def test_distances_by_hand():
    labels, predicted = np.zeros((2, 2)), np.array([[3.0, -4.0], [0.0, 1.0]])
    assert measure("l1", predicted, labels) == 4.0
    assert measure("l2", predicted, labels) == 3.0


def test_accuracy_by_hand():
    assert measure("accuracy", np.array([1, 2, 3, 3]), np.array([1, 2, 3, 4])) == 0.75


@pytest.mark.parametrize("metric", METRICS["regression"])
def test_distance_is_zero_only_where_predictions_are_right(metric):
    labels = RNG.normal(size=(20, 2))
    assert measure(metric, labels, labels) == 0
    assert measure(metric, labels + np.array([0, 1e-3]), labels) == pytest.approx(1e-3)


def test_best_class_is_the_most_frequent():
    assert best_constant("accuracy", np.array([7, 10**12, 10**12, 7, 10**12, 0])) == 10**12


@pytest.mark.parametrize("metric", METRICS["regression"])
def test_no_constant_prediction_near_or_far_scores_better(metric):
    labels = RNG.lognormal(sigma=1.5, size=(301, 2))
    best = best_constant(metric, labels)
    score = measure(metric, best, labels)
    others = [
        best + step
        for step in RNG.normal(size=(500, 2)) * RNG.choice([1e-3, 0.1, 1], size=(500, 1))
    ]
    others += [labels.mean(axis=0), np.median(labels, axis=0)]
    assert score <= min(measure(metric, other, labels) for other in others) + 1e-6


@pytest.mark.parametrize(
    ("points", "median"),
    [
        ([[0, 0], [4, 0], [4, 2], [0, 1]], [4 / 3, 2 / 3]),  # where the diagonals cross
        ([[-1, 0], [0, 0.1], [1, 0]], [0, 0.1]),  # a corner above 120 degrees is the median itself
        ([[5, 5], [5, 5], [5, 5]], [5, 5]),
        ([[0.0], [1.0], [10.0]], [1.0]),
    ],
)
def test_geometric_median_in_closed_form(points, median):
    points = np.array(points, float)
    expected = measure("l2", np.array(median), points)
    assert measure("l2", best_constant("l2", points), points) == pytest.approx(expected, abs=1e-5)
