"""Metrics of predictions, and the same metrics of the best constant prediction (chance level)."""

import numpy as np

from tfdeepsim.scores import Score, interval

METRICS = {"regression": ("l1", "l2"), "classification": ("accuracy",)}
"""Metrics of each task."""


def measure(metric: str, predicted: np.ndarray, labels: np.ndarray) -> float:
    """Mean of a metric over examples.

    Args:
        metric: `"l1"`, the sum of absolute differences over coordinates, in label units; `"l2"`,
            the Euclidean distance in label units; or `"accuracy"`, the share of equal class ids,
            0 to 1.
        predicted: Predictions, [N, K] for distances or [N] for accuracy; or one prediction for all
            examples, [K] or a scalar.
        labels: Labels, [N, K] or [N].
    """
    return float(np.mean(of_examples(metric, predicted, labels)))


def of_examples(metric: str, predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A metric of each example, [N]; arguments as of `measure`."""
    if metric == "accuracy":
        return np.asarray(predicted == labels)
    return np.linalg.norm(predicted - labels, ord={"l1": 1, "l2": 2}[metric], axis=1)


def best_constant(metric: str, labels: np.ndarray) -> np.ndarray:
    """The constant prediction that scores best on `labels`.

    Its score on other labels is the chance level.

    Args:
        metric: One of `METRICS`.
        labels: Labels of probe-train, [N, K] or [N].

    Returns:
        For `"l1"` the median of each coordinate, [K]; for `"l2"` the geometric median, [K]; for
        `"accuracy"` the most frequent class id, and the smallest of equally frequent ones.
    """
    if metric == "accuracy":
        classes, counts = np.unique(labels, return_counts=True)
        return classes[np.argmax(counts)]
    median = np.median(labels, axis=0)
    return median if metric == "l1" else _geometric_median(labels, median)


def score_predictions(
    probe: str,
    metric: str,
    predictions: np.ndarray,
    train_labels: np.ndarray,
    test_labels: np.ndarray,
) -> Score:
    """One row of a result table, from predictions for the test split.

    Args:
        probe: Name of the probe.
        metric: One of `METRICS`.
        predictions: Predictions for the test split, [seeds, N, K] or [seeds, N].
        train_labels: Labels of probe-train, [N, K] or [N], for the chance level.
        test_labels: Labels of the test split, [N, K] or [N].

    Returns:
        The score; its fields that name a run are empty.
    """
    values = tuple(measure(metric, predicted, test_labels) for predicted in predictions)
    value, low, high = interval(values)
    return Score(
        run="",
        model="",
        loss="",
        comparator="",
        dataset="",
        probe=probe,
        metric=metric,
        value=value,
        low=low,
        high=high,
        chance=measure(metric, best_constant(metric, train_labels), test_labels),
        seeds=len(predictions),
        values=values,
    )


def _geometric_median(points: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The point of smallest mean distance to `points` [N, K], by Weiszfeld's algorithm.

    Distances are smoothed near 0, so that no step divides by zero; this changes the mean distance
    by less than a millionth of the spread.
    """
    spread = np.abs(points - start).mean()
    if spread == 0:
        return start
    smooth = 1e-6 * spread
    center = start
    for _ in range(1000):
        weights = 1 / np.sqrt(np.sum((points - center) ** 2, axis=1) + smooth**2)
        moved = weights @ points / weights.sum()
        if np.abs(moved - center).max() < smooth:
            return moved
        center = moved
    return center
