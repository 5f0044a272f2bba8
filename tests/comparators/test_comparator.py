"""What every comparator does to the features of its network."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.errors import InputError


class Pixels(Comparator):
    """Its features at layer 1, 2, ... are the pixels times 1, 2, ...; they may have any sign."""

    def __init__(self, layers=("one",), **options):
        super().__init__(layers, source="nowhere", sha256="", minimum_size=2, **options)
        self.built = True

    def extract(self, images):
        images = tf.cast(images, self.compute_dtype)
        return [(index + 1) * images for index in range(len(self.layers))]

    def feature_shapes(self, size):
        return [(*size, 3) for _ in self.layers]


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype(np.float32)


def test_features_are_those_of_the_network(x):
    np.testing.assert_array_equal(Pixels()(x), x)


def test_one_layer_returns_a_tensor_and_several_a_list(x):
    assert tf.is_tensor(Pixels()(x))
    one, two = Pixels(("one", "two"))(x)
    np.testing.assert_array_equal(two, 2 * one)
    assert Pixels(("one", "two")).compute_output_shape(x.shape) == [x.shape] * 2
    assert Pixels().compute_output_shape((None, 4, 5, 3)) == (None, 4, 5, 3)


def test_layers_have_equal_weights_by_default(x):
    assert Pixels(("one", "two")).layer_weights == (1.0, 1.0)
    assert Pixels(("one", "two"), layer_weights=[3.0, 0.5]).layer_weights == (3.0, 0.5)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 1.0, 1.0]])
def test_every_layer_needs_a_weight(weights):
    with pytest.raises(InputError, match=f"got {len(weights)} for one.two; accepted: 2"):
        Pixels(("one", "two"), layer_weights=weights)


def test_channel_normalization_closed_form():
    normalized = Pixels(feature_normalization="channel")
    x = tf.constant([[[[3.0, 4.0, 0.0], [0.0, -2.0, 0.0]]] * 2])
    np.testing.assert_allclose(
        normalized(x), [[[[0.6, 0.8, 0.0], [0.0, -1.0, 0.0]]] * 2], rtol=1e-6
    )


def test_channel_normalization_gives_unit_length_whatever_the_scale(x):
    normalized = Pixels(("one", "two"), feature_normalization="channel")
    one, two = normalized(x)
    np.testing.assert_allclose(np.linalg.norm(one, axis=-1), 1, rtol=1e-6)
    np.testing.assert_allclose(one, two, atol=1e-6)
    np.testing.assert_allclose(normalized(1000 * x)[0], one, atol=1e-6)


def test_channel_normalization_of_dense_features():
    comparator = ChainComparator("exemplar_cnn", ["relu4"], seed=0, feature_normalization="channel")
    x = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(np.linalg.norm(comparator(x), axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_channel_normalization_is_finite_where_all_channels_are_zero(policy):
    keras.config.set_dtype_policy(policy)
    normalized = Pixels(feature_normalization="channel")
    x = tf.zeros((1, 2, 2, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        features = normalized(x)
        loss = tf.reduce_sum(tf.square(features - 0.5))
    assert features.dtype == tf.float32
    np.testing.assert_array_equal(features, x)
    assert np.isfinite(tape.gradient(loss, x)).all()


def test_channel_normalization_survives_bfloat16(x):
    exact = Pixels(feature_normalization="channel")(x)
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = Pixels(feature_normalization="channel")(x)
    # The length is computed in float32, of features that are rounded to 8 bits.
    np.testing.assert_allclose(np.linalg.norm(mixed, axis=-1), 1, rtol=1e-6)
    np.testing.assert_allclose(mixed, exact, atol=2**-8)


def test_sigmoid_comes_after_the_normalization(x):
    both = Pixels(feature_normalization="channel", feature_activation="sigmoid")(x)
    np.testing.assert_allclose(
        both, 1 / (1 + np.exp(-Pixels(feature_normalization="channel")(x))), rtol=1e-6
    )
    assert float(tf.reduce_max(both)) < 1 / (1 + np.exp(-1.001))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"feature_activation": "tanh"}, "'tanh'; accepted: none, sigmoid"),
        ({"feature_normalization": "layer"}, "'layer'; accepted: none, channel"),
    ],
)
def test_refuses_other_options(options, message):
    with pytest.raises(InputError, match=message):
        Pixels(**options)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 4, 4, 1), r"shape \[1, 4, 4, 1\], float32; accepted: \[batch, height, width, 3\]"),
        ((1, 4, 4, 4), r"shape \[1, 4, 4, 4\]"),
        ((1, 1, 9, 3), "1x9 pixels; accepted: at least 2x2"),
    ],
)
def test_refuses_grey_transparent_and_small_images_in_one_line(shape, message):
    with pytest.raises(InputError, match=message) as error:
        Pixels()(np.zeros(shape, np.float32))
    assert "\n" not in str(error.value)
