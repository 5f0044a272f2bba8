"""The kernel distance (KID) of two sets of features."""

from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.features import check_features


def kernel_distance(
    a: Any, b: Any, subsets: int = 50, subset_size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The KID of Bińkowski et al. 2018, §4, over features of any network.

    It is the squared maximum mean discrepancy with the kernel (x·y / D + 1)³, by the unbiased
    estimator (Gretton et al. 2012, eq. 3), averaged over random subsets. Independent samples of
    equal distributions give 0 in expectation for any number of images, so values can be negative;
    identical images on both sides give a little less than 0. Over features of other networks than
    the published Inception, only numbers of the same features can be compared.

    Args:
        a: Features [N, D].
        b: Features [M, D].
        subsets: Number of subsets that are drawn from each side, each without replacement.
        subset_size: Number of rows of a subset, from 2 to the smaller of N and M.
        seed: Seed of the subsets.

    Returns:
        Mean and standard deviation over the subsets. The deviation shows how much a single subset
        varies. It is not a confidence interval of the mean, and it is 0 if subsets are whole sets.

    Raises:
        InputError: If the features have other shapes or are not finite, there is no subset, or a
            subset is larger than a set.
    """
    a, b = check_features(a, b)
    most = min(len(a), len(b))
    if not 2 <= subset_size <= most or subsets < 1:
        raise InputError(
            "subsets must be drawn from the features",
            got=f"{subsets} subsets of {subset_size}",
            accepted=f"1 subset or more, of 2 to {most} rows",
        )
    generator = np.random.default_rng(seed)
    values = [
        _discrepancy(*(v[generator.choice(len(v), subset_size, replace=False)] for v in (a, b)))
        for _ in range(subsets)
    ]
    return float(np.mean(values)), float(np.std(values))


def _discrepancy(a: np.ndarray, b: np.ndarray) -> float:
    """Unbiased squared discrepancy of two sets [n, D] of equal size.

    Unbiased means that a row is not paired with itself.
    """
    within = sum(_inside(_kernel(values, values)) for values in (a, b))
    return within - 2.0 * float(_kernel(a, b).mean())


def _inside(kernel: np.ndarray) -> float:
    rows = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (rows * (rows - 1)))


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    base = a @ b.T / a.shape[1] + 1.0
    return base * base * base
