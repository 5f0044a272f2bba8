"""Inversion by optimization: eq. (8) in closed form and against PyTorch, and that results
repeat."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.inversion import optimization
from tfdeepsim.inversion.optimization import invert_by_optimization
from tfdeepsim.inversion.optimization_settings import METHODS, OptimizationSettings

SHAPE = (8, 6, 3)


@pytest.fixture
def images():
    """Within the range, so that clipping alone does not find them."""
    return np.random.default_rng(0).uniform(0.1, 0.9, (3, *SHAPE)).astype(np.float32)


@pytest.fixture
def linear():
    """A linear map to 10 features, and its matrix."""
    matrix = np.random.default_rng(1).normal(size=(np.prod(SHAPE), 10)).astype(np.float32)
    return (lambda images: tf.reshape(images, [-1, len(matrix)]) @ matrix), matrix


def relative_errors(extract, images, features):
    found = extract(tf.constant(images)).numpy()
    axes = tuple(range(1, features.ndim))
    return np.sum(np.square(found - features), axes) / np.sum(np.square(features), axes)


@pytest.mark.parametrize("method", METHODS)
def test_the_image_is_found_if_features_are_pixels(images, method):
    found = invert_by_optimization(
        tf.identity, images, SHAPE, OptimizationSettings(method=method, steps=200, tv_weight=0.0)
    )
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, images, atol=2e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_strong_prior_gives_flat_images(images, method):
    found = invert_by_optimization(
        tf.identity, images, SHAPE, OptimizationSettings(method=method, steps=200, tv_weight=1e5)
    )
    assert (found.std(axis=(1, 2)) < 0.1 * images.std(axis=(1, 2))).all()


def test_the_alpha_norm_in_closed_form(images):
    centred = images - images.mean(axis=(1, 2, 3), keepdims=True)
    expected = np.linalg.norm(centred.reshape(3, -1), 6, axis=1) ** 6 / np.prod(SHAPE)
    np.testing.assert_allclose(optimization.alpha_norm(tf.constant(images)), expected, rtol=1e-5)
    half = np.zeros((1, *SHAPE), np.float32)
    half[:, :, :3] = 1.0
    np.testing.assert_allclose(optimization.alpha_norm(tf.constant(half)), [1 / 64], rtol=1e-6)
    flat = np.full((1, *SHAPE), 0.25, np.float32)
    np.testing.assert_array_equal(optimization.alpha_norm(tf.constant(flat)), [0.0])


@pytest.mark.parametrize("method", METHODS)
def test_the_alpha_norm_keeps_pixels_near_the_mean(images, method):
    """It flattens large differences from the mean first, unlike the total variation."""
    settings = OptimizationSettings(method=method, steps=200, tv_weight=0.0, alpha_norm_weight=1e3)
    found = invert_by_optimization(tf.identity, images, SHAPE, settings)
    difference = np.abs(images - images.mean(axis=(1, 2, 3), keepdims=True))
    kept = np.abs(found - found.mean(axis=(1, 2, 3), keepdims=True)) / difference
    assert np.median(kept[difference > 0.3]) < 0.75
    assert np.median(kept[(difference > 0.05) & (difference < 0.1)]) > 0.85


@pytest.mark.parametrize("method", METHODS)
def test_images_stay_in_range(images, method):
    """For features outside the range, the nearest image is at the ends of the range."""
    features = np.where(images > 0.5, 1.5, -0.5).astype(np.float32)
    settings = OptimizationSettings(method=method, steps=100, tv_weight=0.0)
    np.testing.assert_array_equal(
        invert_by_optimization(tf.identity, features, SHAPE, settings),
        np.where(images > 0.5, 1.0, 0.0),
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_deep_layer_is_approached(method):
    comparator = make_comparator("random_alexnet:relu2")
    real = np.random.default_rng(2).uniform(size=(1, 64, 64, 3)).astype(np.float32)
    features = comparator(real).numpy()
    settings = OptimizationSettings(method=method, steps=8, tv_weight=1.0)
    grey = relative_errors(comparator, np.full_like(real, 0.5), features)
    found = invert_by_optimization(comparator, features, (64, 64, 3), settings)
    assert (relative_errors(comparator, found, features) < 0.7 * grey).all()


@pytest.mark.parametrize(
    "settings",
    [
        OptimizationSettings(steps=20, jitter=2, tv_weight=300.0),
        OptimizationSettings(method="lbfgs", steps=20, tv_weight=300.0),
        OptimizationSettings(steps=20, tv_weight=0.0, alpha_norm_weight=100.0),
    ],
)
def test_an_image_does_not_depend_on_its_batch(images, linear, settings, monkeypatch):
    extract, _ = linear
    features = extract(images).numpy()
    found = invert_by_optimization(extract, features, SHAPE, settings)
    monkeypatch.setattr(optimization, "_BATCH_SIZE", 2)  # 2 and 1 images instead of 3
    np.testing.assert_allclose(
        invert_by_optimization(extract, features, SHAPE, settings), found, atol=1e-5
    )
    others = np.concatenate([features[:1], -features[1:]])
    changed = invert_by_optimization(extract, others, SHAPE, settings)
    np.testing.assert_allclose(changed[:1], found[:1], atol=1e-5)
    assert np.abs(changed[1:] - found[1:]).max() > 0.01


@pytest.mark.parametrize(
    "settings",
    [
        OptimizationSettings(steps=10, jitter=2, tv_weight=300.0),
        OptimizationSettings(method="lbfgs", steps=10, tv_weight=300.0),
    ],
)
def test_equal_seeds_give_equal_bits(images, linear, settings):
    extract, _ = linear
    features = extract(images).numpy()
    found, again, other = (
        invert_by_optimization(extract, features, SHAPE, dataclasses.replace(settings, seed=seed))
        for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(found, again)
    assert np.abs(found - other).max() > 0.01
    # Each image starts from its own noise, so that equal features give different images.
    twice = invert_by_optimization(extract, features[[0, 0]], SHAPE, settings)
    assert np.abs(twice[0] - twice[1]).max() > 0.01


def test_jitter_shifts_the_image(images):
    """Only what is the same under all shifts can be found, not the image itself."""
    settings = OptimizationSettings(steps=200, tv_weight=0.0, jitter=3)
    found = invert_by_optimization(tf.identity, images, SHAPE, settings)
    assert np.abs(found - images).mean() > 0.1
    mean = images.mean(axis=(1, 2))
    found = invert_by_optimization(lambda x: tf.reduce_mean(x, (1, 2)), mean, SHAPE, settings)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), mean, atol=2e-3)


def test_features_that_are_all_zero(images):
    found = invert_by_optimization(
        tf.identity, np.zeros_like(images), SHAPE, OptimizationSettings(steps=100, tv_weight=300.0)
    )
    np.testing.assert_allclose(found, 0.0, atol=2e-3)


@pytest.mark.parametrize(
    "settings",
    [OptimizationSettings(method=method, steps=3, tv_weight=300.0) for method in METHODS],
)
def test_progress_counts_steps_of_images(images, settings):
    seen = []
    invert_by_optimization(tf.identity, images, SHAPE, settings, lambda *now: seen.append(now))
    assert seen[-1] == (9, 9)
    assert seen == sorted(seen)
    assert len(set(seen)) >= 3
    assert invert_by_optimization(tf.identity, images[:0], SHAPE, settings).shape == (0, *SHAPE)


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("method", "adam", "--method"),
        ("steps", 0, "--opt-steps"),
        ("tv_weight", -1.0, "--tv"),
        ("tv_weight", float("nan"), "--tv"),
        ("alpha_norm_weight", -1.0, "--alpha-norm"),
        ("alpha_norm_weight", float("inf"), "--alpha-norm"),
        ("jitter", -1, "--jitter"),
        ("seed", -1, "--seed"),
        ("learning_rate", 0.0, "learning_rate"),
        ("momentum", 1.0, "momentum"),
    ],
)
def test_settings_out_of_range(setting, value, named):
    with pytest.raises(InputError, match=named):
        OptimizationSettings(**{setting: value})


def test_lbfgs_refuses_jitter():
    with pytest.raises(InputError, match="--jitter 0"):
        OptimizationSettings(method="lbfgs", jitter=1)


@pytest.mark.parametrize(
    ("features", "shape", "rule"),
    [
        (np.zeros((2, *SHAPE), np.uint8), SHAPE, "a row for each image"),
        (np.zeros(3, np.float32), SHAPE, "a row for each image"),
        (np.full((2, *SHAPE), np.nan, np.float32), SHAPE, "must be finite"),
        (np.zeros((2, *SHAPE), np.float32), (8, 6, 1), "colour images"),
        (np.zeros((2, 5), np.float32), SHAPE, "those of the network"),
    ],
)
def test_unsuitable_features_are_refused(features, shape, rule):
    with pytest.raises(InputError, match=rule):
        invert_by_optimization(
            tf.identity, features, shape, OptimizationSettings(steps=1, tv_weight=300.0)
        )


def test_a_weight_of_the_total_variation_is_needed(images):
    with pytest.raises(InputError, match=r"weight of the total variation: got none"):
        invert_by_optimization(tf.identity, images, SHAPE, OptimizationSettings(steps=1))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("extract", "rule"),
    [
        (lambda x: tf.cast(tf.cast(x * 255, tf.uint8), tf.float32), "differentiable"),
        (lambda x: tf.math.log(x - 2.0), "must be finite"),
    ],
    ids=["bytes", "NaN"],
)
def test_unsuitable_networks_are_refused(images, method, extract, rule):
    with pytest.raises(InputError, match=rule) as caught:
        invert_by_optimization(
            extract, images, SHAPE, OptimizationSettings(method=method, steps=2, tv_weight=300.0)
        )
    assert "\n" not in str(caught.value)


@pytest.mark.parity
def test_parity_with_torch(images, linear):
    """Value and gradient of eq. (8)."""
    torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    extract, matrix = linear
    features = extract(images[::-1]).numpy()
    theirs = torch.tensor(images, requires_grad=True)
    target = torch.from_numpy(features)
    error = ((theirs.reshape(3, -1) @ torch.from_numpy(matrix) - target) ** 2).sum(1) / (
        target**2
    ).sum(1)
    right = ((theirs[:, :, 1:] - theirs[:, :, :-1]) ** 2).sum((1, 2, 3))
    below = ((theirs[:, 1:] - theirs[:, :-1]) ** 2).sum((1, 2, 3))
    centred = theirs - theirs.mean((1, 2, 3), keepdim=True)
    alpha_norm = centred.abs().pow(6).sum((1, 2, 3))
    expected = error + (7.0 * (right + below) + 50.0 * alpha_norm) / np.prod(SHAPE)
    gradient = torch.autograd.grad(expected.sum(), theirs)[0]
    loss, ours = optimization._objective(extract, 7.0, 50.0)(
        tf.constant(images), tf.constant(features), tf.zeros(2, tf.int32)
    )
    np.testing.assert_allclose(loss, expected.detach(), rtol=1e-5)
    np.testing.assert_allclose(ours, gradient, rtol=1e-4, atol=1e-6)
