"""A probe in closed form, cheap enough to be run while an encoder trains."""

from typing import Any

import numpy as np

from tfdeepsim.probes.data.splits import check_splits
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.probes.metrics import measure

L2 = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Candidates: weight of the squared norm of the weights, beside the mean squared error of an
example."""

_METRIC = {"regression": ("l1", False), "classification": ("accuracy", True)}


def quick_metric(task: str) -> tuple[str, bool]:
    """Name of what `quick_score` returns, and whether higher is better."""
    return _METRIC[task]


def quick_score(train: tuple[Any, Any], validation: tuple[Any, Any], task: str) -> float:
    """Ridge regression on `train`, scored on `validation`; draws no random number.

    Embeddings are standardised by `train`. Classes are regressed as one column each, and the
    largest output is the prediction. The penalty is the one of least squared error when each
    example of `train` is left out in turn, which has a closed form (Golub, Heath & Wahba 1979), so
    `validation` chooses nothing.

    Args:
        train: Embeddings [N, D] and labels, as for `score_probe`.
        validation: The same.
        task: `"regression"` or `"classification"`.

    Returns:
        Accuracy, 0 to 1; or mean L1 distance in label units.

    Raises:
        InputError: As `check_splits` does.
    """
    splits = check_splits(task, train=train, validation=validation)
    standardizer = Standardizer(splits["train"].embeddings)
    z, validation_z = (
        standardizer.apply(split.embeddings).astype(np.float64) for split in splits.values()
    )
    metric, truth = quick_metric(task)[0], splits["validation"].labels
    if task == "classification":
        classes, column = np.unique(splits["train"].labels, return_inverse=True)
        outputs = ridge(z, np.eye(len(classes))[column], validation_z)
        return measure(metric, classes[np.argmax(outputs, axis=1)], truth)
    labels = Standardizer(splits["train"].labels)
    outputs = ridge(z, labels.apply(splits["train"].labels), validation_z)
    return measure(metric, labels.invert(outputs), truth)


def ridge(x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Ridge regression with a free intercept; the penalty is chosen by leaving out one example at a
    time.

    Args:
        x: float64 [N, D], columns of mean 0.
        y: Targets, float64 [N, K].
        new: float64 [M, D].

    Returns:
        Outputs for `new`, float64 [M, K].
    """
    mean = y.mean(axis=0)
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    uy = u.T @ (y - mean)
    penalties = np.array(L2) * len(x)
    shrink = s**2 / (s**2 + penalties[:, None])
    errors = [_left_out_error(u, uy, y - mean, factor) for factor in shrink]
    best = int(np.argmin(errors))
    weights = vt.T @ ((s / (s**2 + penalties[best]))[:, None] * uy)
    return new @ weights + mean


def _left_out_error(u: np.ndarray, uy: np.ndarray, y: np.ndarray, shrink: np.ndarray) -> float:
    """Mean squared error of examples that are left out one at a time: residual / (1 - leverage)."""
    kept = np.maximum(1 - (u**2) @ shrink - 1 / len(u), np.finfo(float).eps)
    residual = y - u @ (shrink[:, None] * uy)
    return float(np.mean((residual / kept[:, None]) ** 2))
