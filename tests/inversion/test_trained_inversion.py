"""A network and a generator that inverts it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from exact_pairs import flat, generator_of, identity, noisy, random_images, rotated

from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.distance import mean_distance
from tfdeepsim.inversion.features import BATCH_SIZE
from tfdeepsim.inversion.trained_inversion import TrainedInversion
from tfdeepsim.networks.inversion_generator import InversionGenerator

MANY = random_images(2 * BATCH_SIZE + 3, 4, 5)


def test_features_are_those_of_floats_from_0_to_1():
    found = identity((4, 5, 3)).features(MANY)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, MANY.reshape(len(MANY), -1) / 255, atol=1e-6)


def test_an_exact_inverse_returns_every_byte():
    np.testing.assert_array_equal(rotated().reconstruct(MANY), MANY)


def test_images_are_clipped_and_rounded_to_the_nearest():
    inversion = identity((1, 2, 3))
    features = np.float32([[-0.2, 0.4 / 255, 0.6 / 255, 254.6 / 255, 1.0, 7.0]])
    np.testing.assert_array_equal(inversion.images(features).ravel(), [0, 0, 1, 255, 255, 255])


def test_images_may_be_read_on_demand():
    class Lazy:
        dtype, shape, ndim = MANY.dtype, MANY.shape, 4

        def __len__(self):
            return len(MANY)

        def __getitem__(self, index):
            return MANY[index]

    np.testing.assert_array_equal(rotated().reconstruct(Lazy()), MANY)


def test_each_network_is_traced_once():
    traced = []

    def extractor(images):
        traced.append("extractor")
        return flat(images)

    def image_of(features):
        traced.append("generator")
        return tf.reshape(features, [-1, 4, 5, 3])

    generator = generator_of((60,), image_of)
    traced.clear()
    inversion = TrainedInversion(generator, extractor, (4, 5, 3))
    for count in (1, 2, BATCH_SIZE, len(MANY)):
        inversion.reconstruct(MANY[:count])
    assert sorted(traced) == ["extractor", "generator"]


def test_noise_is_zero_by_default():
    inversion = noisy(gain=0.1)
    images = random_images(70) // 2 + 64
    features = inversion.features(images)
    np.testing.assert_array_equal(inversion.reconstruct(images), images)
    noise = np.tile(np.float32([1, -1, 0.5]), (len(images), 1))
    np.testing.assert_allclose(
        inversion.images(features, noise), images + np.array([25.5, -25.5, 12.75]), atol=0.51
    )


def test_noise_goes_with_its_row():
    inversion, features = noisy(), np.full((70, 8 * 12 * 3), 0.5, np.float32)
    noise = np.random.default_rng(0).normal(size=(70, 3)).astype(np.float32)
    together = inversion.images(features, noise)
    singly = [
        inversion.images(features[row : row + 1], noise[row : row + 1])[0]
        for row in (0, 63, 64, 69)
    ]
    np.testing.assert_array_equal(together[[0, 63, 64, 69]], singly)


@pytest.mark.parametrize("noise_dim", [0, 5])
@pytest.mark.parametrize("layer", ["relu2", "pool5"])
def test_a_real_network_and_its_generator(layer, noise_dim):
    comparator = make_comparator(f"random_alexnet:{layer}")
    (shape,) = comparator.feature_shapes((64, 64))
    generator = InversionGenerator(shape, (64, 64, 3), width=0.02, noise_dim=noise_dim)
    inversion = TrainedInversion(generator, comparator, (64, 64, 3), name="small")
    assert inversion.feature_shape == shape
    assert inversion.noise_dim == noise_dim
    images = random_images(3, 64, 64)
    features = inversion.features(images)
    np.testing.assert_allclose(features, comparator(np.float32(images) / 255), rtol=1e-4, atol=1e-5)
    expected = np.clip(255 * generator(features, training=False)["image"], 0, 255)
    np.testing.assert_allclose(inversion.reconstruct(images), expected, atol=0.51)


def test_mixed_precision_gives_float_features():
    keras.config.set_dtype_policy("mixed_bfloat16")
    inversion = TrainedInversion(
        InversionGenerator((7, 7, 192), (64, 64, 3), 0.02),
        make_comparator("random_alexnet:relu2"),
        (64, 64, 3),
    )
    assert inversion.features(random_images(2, 64, 64)).dtype == np.float32


def test_networks_that_do_not_fit_are_refused():
    generator = generator_of((6,), lambda x: tf.reshape(x, [-1, 1, 2, 3]))
    with pytest.raises(InputError, match=r"of one layer are inverted: got 2 layers"):
        TrainedInversion(generator, lambda images: [flat(images)] * 2, (1, 2, 3))
    with pytest.raises(InputError, match=r"take the features of the extractor: got features \[7\]"):
        TrainedInversion(
            generator, lambda images: tf.pad(flat(images), [[0, 0], [0, 1]]), (1, 2, 3)
        )
    with pytest.raises(InputError, match=r"got \[1, 2, 3\]; accepted: \[2, 1, 3\]"):
        TrainedInversion(generator, flat, (2, 1, 3))
    with pytest.raises(InputError, match=r"large enough for .* got 8x8 pixels"):
        TrainedInversion(generator, make_comparator("random_alexnet:relu2"), (8, 8, 3))


@pytest.mark.parametrize(
    "images", [MANY[:0], MANY[:, :3], np.float32(MANY) / 255], ids=["none", "size", "float"]
)
def test_unsuitable_images_are_refused(images):
    with pytest.raises(InputError, match=r"images must have .* accepted: uint8 \[N, 4, 5, 3\]"):
        identity((4, 5, 3)).features(images)


@pytest.mark.parametrize("features", [np.zeros((2, 5)), np.zeros((0, 6)), np.zeros((2, 6), int)])
def test_unsuitable_features_are_refused(features):
    with pytest.raises(InputError, match=r"features must be .* accepted: floats \[N, 6\]"):
        identity((1, 2, 3)).images(features)


def test_unsuitable_noise_is_refused():
    features = np.zeros((2, 6), np.float32)
    with pytest.raises(InputError, match=r"noise \[2, 3\]; accepted: none"):
        identity((1, 2, 3)).images(features, np.zeros((2, 3), np.float32))
    for shape in ((2, 4), (3, 3), (2,)):
        with pytest.raises(InputError, match=r"accepted: \[2, 3\]"):
            noisy((1, 2, 3)).images(features, np.zeros(shape, np.float32))


@pytest.mark.parametrize("count", [1, 64, 131])
def test_mean_distance_of_bytes_in_closed_form(count):
    a, b = (np.full((count, 2, 2, 3), value, np.uint8) for value in (250, 3))
    a[0], b[0] = 3, 250  # below 0, were it computed in bytes
    assert mean_distance(a, b) == pytest.approx(247 * np.sqrt(12))
