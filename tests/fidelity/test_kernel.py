"""The kernel distance, compared with sums over all pairs."""

import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.kernel import kernel_distance

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(12, 4)), RNG.normal(size=(12, 4)) + 1


def by_hand(a, b):
    """Gretton et al. 2012, eq. 3, pair by pair."""

    def kernel(x, y):
        return (sum(p * q for p, q in zip(x, y, strict=True)) / len(x) + 1) ** 3

    n = len(a)
    within = sum(
        kernel(values[i], values[j])
        for values in (a, b)
        for i in range(n)
        for j in range(n)
        if i != j
    )
    return within / (n * (n - 1)) - 2 * sum(kernel(x, y) for x in a for y in b) / n**2


def test_whole_sets_pair_by_pair():
    mean, deviation = kernel_distance(A, B, subsets=2, subset_size=12)
    assert mean == pytest.approx(by_hand(A, B))
    assert deviation == pytest.approx(0, abs=1e-12)


def test_subsets_are_drawn_without_replacement():
    # All pairs of subsets of 11 rows: those without row i on one side and row j on the other.
    possible = [
        by_hand(np.delete(A, i, 0), np.delete(B, j, 0)) for i in range(12) for j in range(12)
    ]
    mean, deviation = kernel_distance(A, B, subsets=3000, subset_size=11)
    assert mean == pytest.approx(np.mean(possible), abs=4 * np.std(possible) / np.sqrt(3000))
    assert deviation == pytest.approx(np.std(possible), rel=0.1)


def test_no_bias_for_few_images():
    values = [kernel_distance(*RNG.normal(size=(2, 10, 4)), 1, 10)[0] for _ in range(1000)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(1000)
    assert min(values) < 0 < max(values)


def test_other_distributions_are_farther():
    near, far = (
        kernel_distance(A, RNG.normal(size=(12, 4)) + shift, 20, 6)[0] for shift in (0.5, 3)
    )
    assert far > 5 * abs(near)


def test_the_seed_decides_the_result():
    first, again, other = (kernel_distance(A, B, 5, 6, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    "settings", [{"subset_size": 13}, {"subset_size": 1}, {"subsets": 0, "subset_size": 5}, {}]
)
def test_subsets_that_cannot_be_drawn(settings):
    with pytest.raises(InputError, match="of 2 to 12 rows"):
        kernel_distance(A, B, **settings)
