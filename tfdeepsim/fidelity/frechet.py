"""The Fréchet distance of two sets of features."""

from typing import Any

import numpy as np

from tfdeepsim.fidelity.features import check_features


def frechet_distance(a: Any, b: Any) -> float:
    """The FID of Heusel et al. 2017, eq. 6, over features of any network:
    ||m - w||² + tr(C + W - 2 (CW)^½).

    m, w are the means and C, W the unbiased covariances, so this is the squared 2-Wasserstein
    distance of two Gaussians. It is called FID for features of the published Inception network.
    Over other features, only numbers of the same features and the same number of images can be
    compared.

    For few images it is too high, by an amount that also depends on the generator (Bińkowski et al.
    2018, §4): compare only sets of equal size N, well above D. `kernel_distance` has no such bias.

    Args:
        a: Features [N, D], N at least 2.
        b: Features [M, D], M at least 2.

    Returns:
        A number of at least 0, in squared units of the features; the same if a and b are swapped.

    Raises:
        InputError: If the features have other shapes or are not finite.
    """
    a, b = check_features(a, b)
    roots = [_root(np.atleast_2d(np.cov(values, rowvar=False))) for values in (a, b)]
    # The trace of the root of the product is the sum of the singular values of the product of the
    # roots. Eigenvalues of the product would need a root, which magnifies rounding errors near 0.
    shared = np.linalg.svd(roots[0] @ roots[1], compute_uv=False).sum()
    spread = sum(float(np.sum(root**2)) for root in roots)
    shift = float(np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2))
    return max(0.0, shift + spread - 2.0 * float(shared))


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root; eigenvalues within rounding errors count as 0."""
    values, vectors = np.linalg.eigh(covariance)
    rounding = np.finfo(np.float64).eps * len(values) * np.abs(values).max()
    return (vectors * np.sqrt(np.where(values > rounding, values, 0.0))) @ vectors.T
