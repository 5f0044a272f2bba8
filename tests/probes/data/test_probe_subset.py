import numpy as np
import pytest

from tfdeepsim.probes.data.subset import subset

RNG = np.random.default_rng(0)
LABELS = RNG.permutation(np.repeat([3, 7, 9], [500, 100, 4]))


def test_every_class_keeps_its_share_and_at_least_one():
    kept = LABELS[subset(LABELS, 0.1, 0)]
    assert dict(zip(*np.unique(kept, return_counts=True), strict=True)) == {3: 50, 7: 10, 9: 1}


@pytest.mark.parametrize("labels", [LABELS, RNG.normal(size=(604, 2))], ids=["classes", "numbers"])
def test_rows_are_rising_differ_by_seed_and_nest_by_fraction(labels):
    small, large, other = (
        set(subset(labels, *args)) for args in ((0.1, (1, 0)), (0.5, (1, 0)), (0.1, (2, 0)))
    )
    assert small < large
    assert small != other
    rows = subset(labels, 0.1, (1, 0))
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, subset(labels, 0.1, (1, 0)))


def test_all_is_all():
    np.testing.assert_array_equal(subset(LABELS, 1.0, 5), np.arange(604))


def test_numbers_keep_their_share():
    labels = RNG.normal(size=(200, 2))
    assert len(subset(labels, 0.25, 0)) == 50
    assert len(subset(labels, 0.001, 0, least=2)) == 2


def test_every_example_has_the_same_chance():
    counts = sum(np.bincount(subset(LABELS, 0.25, seed), minlength=604) for seed in range(400))
    assert abs(counts[LABELS == 3] / 400 - 0.25).max() < 0.1
