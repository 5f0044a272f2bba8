import numpy as np
import pytest

from tfdeepsim.card.measures import (
    active_units,
    covariance,
    dead_share,
    effective_rank,
    kl_per_dimension,
    participation_ratio,
    spread,
)

RNG = np.random.default_rng(0)
GAUSSIAN = RNG.normal(size=(4000, 8)).astype(np.float32)
LINE = (RNG.normal(size=(500, 1)) * RNG.normal(size=8) + 5).astype(np.float32)
CONSTANT = np.tile(RNG.normal(size=8), (500, 1)).astype(np.float32)
# Both ends of each axis: mean 0, and the same variance everywhere.
AXES = np.concatenate([np.eye(8), -np.eye(8)]).astype(np.float32)


def test_covariance_is_that_of_numpy():
    np.testing.assert_allclose(covariance(GAUSSIAN), np.cov(GAUSSIAN.T, bias=True), atol=1e-6)


@pytest.mark.parametrize("measure", [effective_rank, participation_ratio])
@pytest.mark.parametrize(
    ("embeddings", "expected", "tolerance"),
    [
        (AXES, 8, 1e-9),
        (GAUSSIAN, 8, 0.05),
        (LINE, 1, 1e-3),
        (CONSTANT, 0, 0),
        (AXES + 100, 8, 1e-4),
    ],
    ids=["axes", "Gaussian", "line", "constant", "far from 0"],
)
def test_effective_rank_and_participation_ratio(measure, embeddings, expected, tolerance):
    assert measure(covariance(embeddings)) == pytest.approx(expected, abs=tolerance)


def test_directions_of_unequal_strength_in_closed_form():
    moments = np.diag([9.0, 1.0])
    # Singular values 3 and 1 are shares 3/4 and 1/4; variances 9 and 1.
    assert effective_rank(moments) == pytest.approx(4 / 3**0.75)
    assert participation_ratio(moments) == pytest.approx(100 / 82)


@pytest.mark.parametrize("measure", [effective_rank, participation_ratio])
def test_directions_do_not_depend_on_axes_shift_or_scale(measure):
    embeddings = GAUSSIAN * np.arange(1, 9)
    rotation = np.linalg.qr(RNG.normal(size=(8, 8)))[0]
    moved = 3 * embeddings @ rotation + 7
    assert measure(covariance(moved)) == pytest.approx(measure(covariance(embeddings)), rel=1e-6)


def test_more_dimensions_than_images():
    assert effective_rank(covariance(RNG.normal(size=(5, 100)))) < 4.001


@pytest.mark.parametrize(
    ("embeddings", "expected", "tolerance"),
    [
        (AXES, 1, 1e-6),
        (GAUSSIAN, 1, 0.01),
        (CONSTANT, 0, 1e-6),
        (CONSTANT * RNG.uniform(0.1, 9, size=(500, 1)).astype(np.float32), 0, 1e-6),
        (np.zeros((5, 3), np.float32), 0, 0),
        (np.float32([[1, 0], [0, 1]]), np.sqrt(2) / 2, 1e-6),
    ],
    ids=["axes", "Gaussian", "constant", "one direction", "zeros", "two points"],
)
def test_spread(embeddings, expected, tolerance):
    assert spread(embeddings) == pytest.approx(expected, abs=tolerance)


def test_dead_dimensions():
    scales = np.array([1, 1, 0.5, 0.02, 0.005, 0, 0, 0])
    assert dead_share(covariance(GAUSSIAN * scales)) == 0.5
    assert dead_share(covariance(1e-6 * GAUSSIAN)) == 0
    assert dead_share(covariance(CONSTANT)) == 1


def test_active_units():
    assert active_units(covariance(GAUSSIAN * np.array([1, 1, 0.2, 0.05, 0.05, 0, 0, 0]) + 3)) == 3
    assert active_units(covariance(CONSTANT)) == 0


def test_kl_in_closed_form():
    shape = (6, 2)
    np.testing.assert_array_equal(kl_per_dimension(np.zeros(shape), np.zeros(shape)), [0, 0])
    np.testing.assert_allclose(
        kl_per_dimension(np.full(shape, [1.0, 2.0]), np.zeros(shape)), [0.5, 2.0]
    )
    expected = 0.5 * (np.e - 1 - 1)
    np.testing.assert_allclose(kl_per_dimension(np.zeros(shape), np.ones(shape)), expected)


def test_kl_agrees_with_the_loss():
    from tfdeepsim.losses import kl_divergence

    mean, log_variance = GAUSSIAN[:50], GAUSSIAN[50:100]
    ours = kl_per_dimension(mean, log_variance).mean()
    assert ours == pytest.approx(float(np.mean(kl_divergence(mean, log_variance))), rel=1e-5)
