"""How good predictions are, beside how good the best constant prediction is."""

import numpy as np

from tfdeepsim.scores import Score, interval

METRICS = {"regression": ("l1", "l2"), "classification": ("accuracy",)}


def measure(metric: str, predicted: np.ndarray, labels: np.ndarray) -> float:
    """Mean over examples.

    Args:
        metric: `"l1"`, the sum of absolute differences over coordinates; `"l2"`, the Euclidean
            distance; both in label units; or `"accuracy"`, the share of equal class ids, 0 to 1.
        predicted: [N, K] for distances, [N] for accuracy; or one prediction for all, [K] or a
            scalar.
        labels: [N, K] or [N].
    """
    if metric == "accuracy":
        return float(np.mean(predicted == labels))
    return float(
        np.mean(np.linalg.norm(predicted - labels, ord={"l1": 1, "l2": 2}[metric], axis=1))
    )


def best_constant(metric: str, labels: np.ndarray) -> np.ndarray:
    """The one prediction that scores best on `labels`: the chance level, when scored on other
    labels.

    Args:
        metric: `"l1"`: the median of each coordinate, [K]. `"l2"`: the geometric median, [K].
            `"accuracy"`: the most frequent class id, the smallest of them if several are.
        labels: Labels of probe-train, [N, K] or [N].
    """
    if metric == "accuracy":
        classes, counts = np.unique(labels, return_counts=True)
        return classes[np.argmax(counts)]
    median = np.median(labels, axis=0)
    return median if metric == "l1" else _geometric_median(labels, median)


def score(
    probe: str,
    metric: str,
    predictions: np.ndarray,
    train_labels: np.ndarray,
    test_labels: np.ndarray,
) -> Score:
    """One row of a result table for any probe.

    Args:
        probe: Kind of probe.
        metric: One of `METRICS`.
        predictions: For the test split, [seeds, N, K] or [seeds, N].
        train_labels: Labels of probe-train, [N, K] or [N], for the chance level.
        test_labels: [N, K] or [N].
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
    """The point of least mean distance to `points` [N, K], by Weiszfeld's algorithm.

    Distances are smoothed near 0, so that no step divides by zero; that moves the mean distance by
    less than a millionth of the spread.
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
