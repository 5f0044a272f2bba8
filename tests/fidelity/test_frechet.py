"""The Fréchet distance in closed form and by the published formula."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.frechet import frechet_distance

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(60, 5)), RNG.normal(size=(80, 5)) @ RNG.normal(size=(5, 5)) + 1


def diagonal(mean, variances):
    """Rows with exactly this mean and this diagonal unbiased covariance."""
    width = len(variances)
    lengths = np.sqrt(np.asarray(variances) * (2 * width - 1) / 2)
    return np.concatenate([np.diag(lengths), -np.diag(lengths)]) + mean


def test_diagonal_gaussians_in_closed_form():
    a, b = diagonal([1, 0, 2], [1, 4, 9]), diagonal([0, 0, 4], [4, 1, 16])
    # Squared differences of means, and of standard deviations.
    assert frechet_distance(a, b) == pytest.approx(
        1 + 4 + (1 - 2) ** 2 + (2 - 1) ** 2 + (3 - 4) ** 2
    )


def test_one_feature():
    assert frechet_distance([[0.0], [2.0]], [[5.0], [9.0]]) == pytest.approx(6**2 + 2)


def test_the_published_formula():
    c, w = np.cov(A.T), np.cov(B.T)
    shift = np.sum((A.mean(0) - B.mean(0)) ** 2)
    expected = shift + np.trace(c + w - 2 * sqrtm(c @ w).real)
    assert frechet_distance(A, B) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(B, A) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("rows", [60, 4], ids=["many", "fewer rows than features"])
def test_equal_features_are_at_distance_0(rows):
    assert frechet_distance(A[:rows], A[:rows]) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(A[:rows], RNG.permutation(A[:rows])) == pytest.approx(0, abs=1e-10)


def test_a_shift_alone_also_where_covariances_are_singular():
    assert frechet_distance(A[:3], A[:3] + 2) == pytest.approx(5 * 4)
    assert frechet_distance(np.zeros((4, 3)), np.ones((4, 3))) == pytest.approx(3)


def test_the_distance_is_too_high_for_few_images():
    few, many = (frechet_distance(*RNG.normal(size=(2, rows, 8))) for rows in (20, 2000))
    assert few > 10 * many > 0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (A, B[:, :4]),
        (A[:1], B),
        (A[0], B[0]),
        (A[..., None], B[..., None]),
        (A[:, :0], B[:, :0]),
        (A, B * np.nan),
    ],
)
def test_invalid_features(a, b):
    with pytest.raises(InputError):
        frechet_distance(a, b)
