"""The normalized Euclidean error of Dosovitskiy & Brox 2016, §4."""

from typing import Any

import numpy as np

from tfdeepsim.errors import InputError

_NUMBERS_A_BLOCK = 2**24  # 64 MB of float32


def normalized_error(outputs: Any, targets: Any) -> float:
    """Mean of ||a - b||₂ / N over outputs a and their targets b.

    N is the mean Euclidean distance over all pairs of different targets, so a random target in
    place of each output would give 1. Tables 3 and 8 of the paper state it in percent.

    Args:
        outputs: Images or features [n, ...], in the same unit as `targets`.
        targets: [n, ...], at least two that are not all equal; the whole test set, since N depends
            on it.

    Returns:
        A number that is 0 for equal arrays, and independent of the unit.

    Raises:
        InputError: If shapes differ, only one of them is uint8, there are fewer than two rows,
            values are not finite, or all targets are equal.
    """
    outputs, targets = np.asarray(outputs), np.asarray(targets)
    if outputs.shape != targets.shape or (outputs.dtype == np.uint8) != (targets.dtype == np.uint8):
        raise InputError(
            "outputs and targets must be of one shape and one unit",
            got=" and ".join(
                f"{values.dtype} {list(values.shape)}" for values in (outputs, targets)
            ),
            accepted="equal shapes, both uint8 or both floating point",
        )
    _check_finite("outputs", outputs)
    unit = mean_pair_distance(targets)
    return _mean_distance(outputs, targets) / unit


def mean_pair_distance(samples: Any) -> float:
    """Mean Euclidean distance over all pairs of different rows: the N of the paper.

    Distances are computed in blocks as ||a||² + ||b||² - 2ab, after the mean is subtracted, in
    float32 unless the samples are float64. This is imprecise only for nearly equal rows, whose
    distance hardly counts in the mean; the error itself is computed from differences.

    Args:
        samples: [n, ...] of any real dtype, at least two that are not all equal.

    Raises:
        InputError: If there are fewer than two samples, values are not finite, or all samples are
            equal.
    """
    rows = _rows(samples)
    _check_finite("samples", rows)
    if len(rows) < 2 or (rows == rows[:1]).all():
        raise InputError(
            "the mean distance of pairs needs different samples",
            got={0: "0 samples", 1: "1 sample"}.get(len(rows), f"{len(rows)} equal samples"),
            accepted="two or more that are not all equal",
        )
    mean = rows.mean(axis=0, dtype=np.float64)
    size = _block(rows)
    total = 0.0
    for start in range(0, len(rows), size):
        left = _centred(rows[start : start + size], mean)
        # Each pair of blocks once; within a block each pair of rows occurs twice.
        total += _distances(left, left, same=True) / 2
        for other in range(start + size, len(rows), size):
            total += _distances(left, _centred(rows[other : other + size], mean))
    return total / (len(rows) * (len(rows) - 1) / 2)


def _check_finite(what: str, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise InputError(
            f"{what} must be finite", got="NaN or infinity", accepted="finite numbers only"
        )


def _distances(left: np.ndarray, right: np.ndarray, same: bool = False) -> float:
    """Sum of the distances of all rows of `left` to all rows of `right`."""
    squares = [np.sum(np.square(rows, dtype=np.float64), axis=1) for rows in (left, right)]
    squared = squares[0][:, None] + squares[1] - 2.0 * (left @ right.T)
    if same:
        np.fill_diagonal(squared, 0.0)
    return float(np.sqrt(np.maximum(squared, 0.0)).sum())


def _mean_distance(outputs: np.ndarray, targets: np.ndarray) -> float:
    a, b = _rows(outputs), _rows(targets)
    size = _block(a)
    total = 0.0
    for start in range(0, len(a), size):
        difference = a[start : start + size].astype(np.float64) - b[start : start + size]
        total += float(np.linalg.norm(difference, axis=1).sum())
    return total / len(a)


def _centred(rows: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return (rows - mean).astype(np.float64 if rows.dtype.itemsize > 4 else np.float32)


def _rows(samples: Any) -> np.ndarray:
    samples = np.asarray(samples)
    return samples.reshape(len(samples), -1) if samples.size else samples.reshape(0, 1)


def _block(rows: np.ndarray) -> int:
    return max(1, _NUMBERS_A_BLOCK // rows.shape[1])
