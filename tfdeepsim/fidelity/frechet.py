"""The Fréchet distance of two sets of features."""

from typing import Any

import numpy as np

from tfdeepsim.fidelity.features import check_features


def frechet_distance(a: Any, b: Any) -> float:
    """||m - w||² + tr(C + W - 2 (CW)^½): the FID of Heusel et al. 2017, eq. 6, over features of any
    network.

    m, w are the means and C, W the unbiased covariances, so this is the squared 2-Wasserstein
    distance of two Gaussians. It is called FID where the features are of the published Inception
    network. Over others it can be compared inside a table of the same features and the same number
    of images only.

    From few images it comes out too high, by an amount that depends on the generator too (Bińkowski
    et al. 2018, §4): compare rows of equal N, well above D. `kernel_distance` has no such bias.

    Args:
        a: [N, D], N at least 2.
        b: [M, D], M at least 2.

    Returns:
        0 or above, in squared units of the features; symmetric.

    Raises:
        InputError: If the features are no such tables, or not finite.
    """
    a, b = check_features(a, b)
    roots = [_root(np.atleast_2d(np.cov(values, rowvar=False))) for values in (a, b)]
    # The trace of the root of the product is the sum of singular values of the product of the
    # roots. Unlike eigenvalues of the product, these need no root, which would make much of
    # rounding near 0.
    shared = np.linalg.svd(roots[0] @ roots[1], compute_uv=False).sum()
    spread = sum(float(np.sum(root**2)) for root in roots)
    shift = float(np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2))
    return max(0.0, shift + spread - 2.0 * float(shared))


def _root(covariance: np.ndarray) -> np.ndarray:
    """Its symmetric square root; eigenvalues that are mere rounding are 0."""
    values, vectors = np.linalg.eigh(covariance)
    rounding = np.finfo(np.float64).eps * len(values) * np.abs(values).max()
    return (vectors * np.sqrt(np.where(values > rounding, values, 0.0))) @ vectors.T
