"""Any Keras model as a comparator."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.networks.pihlgren import make_autoencoder

IMAGES = tf.constant(np.random.default_rng(0).random((2, 12, 12, 3)), tf.float32)
LAYERS = keras.layers


@pytest.fixture(scope="module")
def model():
    """Two convolutions, batch normalization with statistics, and a classifier; built for 16x16."""
    keras.utils.set_random_seed(0)
    images = keras.Input((16, 16, 3), name="pixels")
    x = LAYERS.Rescaling(1 / 127.5, -1, name="rescaled")(images)
    x = LAYERS.Conv2D(4, 3, strides=2, activation="relu", name="first")(x)
    x = LAYERS.BatchNormalization(name="norm")(x)
    x = LAYERS.Dropout(0.5, name="dropout")(x)
    x = LAYERS.Conv2D(5, 3, name="second")(x)
    rounded = LAYERS.Activation("relu", name="relu")(x)
    x = LAYERS.Flatten(name="flat")(rounded)
    model = keras.Model(images, LAYERS.Dense(3, name="classes")(x), name="small")
    statistics = [np.full(4, 0.1), np.full(4, 0.3), np.full(4, 0.2), np.full(4, 2.0)]
    model.get_layer("norm").set_weights(statistics)
    return model


def by_hand(model, images):
    """Features of `first` and `second`, from the weights."""
    kernel, bias = model.get_layer("first").get_weights()
    x = tf.nn.relu(tf.nn.conv2d(images * 2 - 1, kernel, 2, "VALID") + bias)
    gamma, beta, mean, variance = model.get_layer("norm").get_weights()
    epsilon = model.get_layer("norm").epsilon
    normalized = gamma * (x - mean) / np.sqrt(variance + epsilon) + beta
    kernel, bias = model.get_layer("second").get_weights()
    return x, tf.nn.conv2d(normalized, kernel, 1, "VALID") + bias


def test_features_and_gradients_are_those_of_the_model(model):
    comparator = Comparator.from_keras(model, ["first", "second"], layer_weights=(1, 2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(IMAGES)
        found, expected = comparator(IMAGES), by_hand(model, IMAGES)
        sums = [sum(tf.reduce_sum(x**2) for x in part) for part in (found, expected)]
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    gradients = [tape.gradient(value, IMAGES) for value in sums]
    np.testing.assert_allclose(*gradients, rtol=1e-3, atol=1e-3)
    assert np.any(gradients[0])


def test_it_is_a_frozen_copy_and_says_what_it_is(model):
    comparator = Comparator.from_keras(model, "first", saw_labels="CIFAR-10")
    assert model.trainable
    assert model.get_layer("first").trainable
    assert not comparator.trainable_weights
    assert len(comparator.weights) == 2
    before = comparator(IMAGES)
    kernel, bias = model.get_layer("first").get_weights()
    model.get_layer("first").set_weights([kernel * 2, bias])
    np.testing.assert_array_equal(comparator(IMAGES), before)
    other = Comparator.from_keras(model, "first")
    model.get_layer("first").set_weights([kernel, bias])
    assert len({comparator.sha256, other.sha256}) == 2
    assert comparator.sha256 == Comparator.from_keras(model, "first").sha256
    assert (comparator.layer, comparator.saw_labels) == ("first", "CIFAR-10")
    assert other.saw_labels == "unknown"
    assert comparator.source == "the Keras model small"


def test_layers_without_a_size_take_all_images_and_know_their_fields(model):
    comparator = Comparator.from_keras(model, ["first", "second"])
    assert comparator.feature_shapes((20, 12)) == [(9, 5, 4), (7, 3, 5)]
    assert comparator.compute_output_shape((2, 20, 12, 3)) == [(2, 9, 5, 4), (2, 7, 3, 5)]
    assert comparator.minimum_size == 7
    assert comparator.receptive_fields() == [(3, 2), (7, 2)]
    with pytest.raises(InputError, match=r"got 6x6 pixels; accepted: at least 7x7 pixels"):
        comparator(IMAGES[:, :6, :6])
    dense = Comparator.from_keras(model, ["classes"])
    assert dense.receptive_fields() == [None]
    assert dense(tf.zeros((1, 16, 16, 3))).shape == (1, 3)
    with pytest.raises(InputError, match="got 12x12 pixels; accepted: 16x16 pixels"):
        dense(IMAGES)


def test_the_receptive_field_of_other_layers_is_unknown():
    images = keras.Input((8, 8, 3))
    tokens = LAYERS.Reshape((16, 12), name="tokens")(images)
    mixed = LAYERS.MultiHeadAttention(1, 4, name="mixed")(tokens, tokens)
    comparator = Comparator.from_keras(keras.Model(images, mixed), "mixed")
    assert comparator.receptive_fields() == ["unknown"]
    assert comparator(IMAGES[:, :8, :8]).shape == (2, 16, 12)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"value_range": (-1, 1)}, lambda x: 2 * x - 1),
        ({"value_range": (0, 1)}, lambda x: x),
        ({}, lambda x: 255 * x),
        ({"preprocess": "mobilenet"}, lambda x: 2 * x - 1),
        ({"preprocess": keras.applications.mobilenet.preprocess_input}, lambda x: 2 * x - 1),
        ({"preprocess": LAYERS.Rescaling(1 / 255)}, lambda x: x),
        ({"preprocess": tf.square, "value_range": (0, 2)}, lambda x: 4 * x**2),
    ],
)
def test_pixels_are_scaled_as_asked(options, expected):
    images = keras.Input((None, None, 3))
    identity = keras.Model(images, LAYERS.Activation("linear", name="same")(images))
    comparator = Comparator.from_keras(identity, "same", **options)
    np.testing.assert_allclose(comparator(IMAGES), expected(IMAGES), rtol=1e-5, atol=1e-5)
    if options.get("preprocess") is not tf.square:
        copy = type(comparator).from_config(comparator.get_config())
        np.testing.assert_array_equal(copy(IMAGES), comparator(IMAGES))


def test_a_model_in_mixed_precision_gives_float32(model):
    keras.config.set_dtype_policy("mixed_bfloat16")
    comparator = Comparator.from_keras(model, "second")
    assert comparator(IMAGES).dtype == tf.float32
    np.testing.assert_allclose(comparator(IMAGES), by_hand(model, IMAGES)[1], atol=1e-4)


def test_deepsim_trains_under_it_and_leaves_it_alone(model):
    comparator = Comparator.from_keras(model, ["first", "second"])
    before = [weight.numpy() for weight in comparator.weights]
    trained = DeePSiM(
        make_autoencoder((64, 64, 3), 2, variational=False), {"feature": 1}, comparator
    )
    trained.compile("adam")
    images = tf.random.stateless_uniform((2, 64, 64, 3), (0, 0))
    batches = tf.data.Dataset.from_tensors({"image": images}).repeat(5)
    history = trained.fit(batches, epochs=2, shuffle=False, verbose=0).history
    assert history["loss"][1] < history["loss"][0]
    for weight, value in zip(comparator.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def grey():
    images = keras.Input((8, 8, 1))
    return keras.Model(images, LAYERS.Conv2D(2, 3, name="first")(images), name="grey")


def steps(*layers):
    """A Sequential model without gradients, or with a model inside."""
    return keras.Sequential([keras.Input((8, 8, 3)), *layers], name="steps")


@keras.saving.register_keras_serializable("tests")
class Rounded(LAYERS.Layer):
    def call(self, x):
        return tf.round(x)


@keras.saving.register_keras_serializable("tests")
class Bytes(LAYERS.Layer):
    def call(self, x):
        return tf.cast(x, tf.int32)


@pytest.mark.parametrize(
    ("make", "layers", "options", "message"),
    [
        (None, ["third"], {}, "small has no such layer: got 'third'; accepted: rescaled, first,"),
        (None, ["pixels"], {}, "small has no such layer"),
        (None, [], {}, "compares different layers: got none"),
        (None, ["first", "first"], {}, "got first, first"),
        (None, "first", {"value_range": (255, 0)}, r"got \(255, 0\); accepted: two numbers"),
        (None, "first", {"value_range": 255}, "got 255; accepted: two numbers"),
        (None, "first", {"preprocess": "vgg"}, "got 'vgg'; accepted: .*vgg16"),
        (None, "first", {"layer_weights": (1, 2)}, "layer_weights are one for each layer"),
        (grey, "first", {}, r"colour images: got grey, which takes \[\?, 8, 8, 1\]"),
        (lambda: steps(Rounded(name="round")), "round", {}, "got round of steps, without a grad"),
        (lambda: steps(Bytes(name="bytes")), "bytes", {}, "got bytes of steps, int32s"),
        (
            lambda: steps(keras.Sequential([LAYERS.ReLU(name="inner")], name="model")),
            "inner",
            {},
            "got 'inner'; accepted: model",
        ),
        (lambda: keras.Sequential([LAYERS.ReLU(name="relu")]), "relu", {}, "with an Input"),
        (lambda: LAYERS.ReLU(), "relu", {}, "got ReLU; accepted: a functional"),
    ],
)
def test_bad_input_is_named(model, make, layers, options, message):
    with pytest.raises(InputError, match=message) as error:
        Comparator.from_keras(make() if make else model, layers, **options)
    assert "\n" not in str(error.value)


def test_an_unregistered_function_is_not_saved(model):
    comparator = Comparator.from_keras(model, "first", preprocess=tf.square)
    with pytest.raises(InputError, match="a name, a layer or registered"):
        comparator.get_config()
