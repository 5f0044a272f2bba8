"""External networks, written and loaded as users do."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from squares import open_squares

from tfdeepsim.errors import InputError
from tfdeepsim.representations.embeddings import embeddings_of
from tfdeepsim.representations.external import external_representation

SPLITS = open_squares()
IMAGES = SPLITS["test"].images
MEANS = IMAGES.mean((1, 2)) / 255
IMAGE = tf.TensorSpec((None, 64, 64, 3), tf.float32, "image")


def embed(path, parent, **options):
    representation = external_representation(path, parent / "external", **options)
    return embeddings_of(representation, "squares", SPLITS, ("test",))["test"]


def save_keras(path, outputs, shape=(64, 64, 3), dtype="float32"):
    images = keras.Input(shape, dtype=dtype, name="image")
    keras.Model(images, outputs(images)).save(path)
    return path


def pooled(images):
    return keras.layers.GlobalAveragePooling2D()(images)


def save_module(path, function, spec=IMAGE, signature=True):
    """Write a SavedModel with a signature, or with an `embed` endpoint and no signature."""
    module = tf.Module()
    traced = tf.function(function, input_signature=[spec])
    if signature:
        tf.saved_model.save(module, str(path), signatures=traced)
    else:
        module.embed = traced
        tf.saved_model.save(module, str(path))
    return path


def means(images):
    return tf.reduce_mean(tf.cast(images, tf.float32), [1, 2])


@pytest.mark.parametrize(
    ("input_range", "scale", "shift"), [("0-1", 1, 0), ("0-255", 255, 0), ("-1-1", 2, -1)]
)
def test_a_keras_file_is_given_floats_in_its_input_range(tmp_path, input_range, scale, shift):
    path = save_keras(tmp_path / "net.keras", pooled)
    found = embed(path, tmp_path, input_range=input_range)
    np.testing.assert_allclose(found, MEANS * scale + shift, rtol=1e-4, atol=1e-5)


def test_a_network_of_bytes_ignores_the_input_range(tmp_path):
    path = save_keras(
        tmp_path / "net.keras", lambda x: pooled(keras.layers.Rescaling(1.0)(x)), dtype="uint8"
    )
    found = embed(path, tmp_path, input_range="-1-1")
    np.testing.assert_allclose(found, MEANS * 255, rtol=1e-4)


def test_maps_are_averaged(tmp_path):
    path = save_keras(tmp_path / "net.keras", lambda x: keras.layers.AveragePooling2D(8)(x))
    np.testing.assert_allclose(embed(path, tmp_path), MEANS, rtol=1e-4)


def test_images_are_resized_to_what_the_network_takes(tmp_path):
    path = save_keras(tmp_path / "net.keras", keras.layers.Flatten(), shape=(16, 32, 3))
    small = tf.image.resize(IMAGES.astype(np.float32) / 255, (16, 32), antialias=True)
    np.testing.assert_allclose(embed(path, tmp_path), small.numpy().reshape(20, -1), atol=1e-5)


def test_a_network_of_any_size_is_given_images_as_they_are(tmp_path):
    path = save_keras(tmp_path / "net.keras", pooled, shape=(None, None, 3))
    np.testing.assert_allclose(embed(path, tmp_path), MEANS, rtol=1e-4)


def test_of_several_outputs_the_one_named_embedding_is_used(tmp_path):
    path = save_keras(
        tmp_path / "net.keras",
        lambda x: {"logits": keras.layers.Flatten()(x), "embedding": pooled(x)},
    )
    np.testing.assert_allclose(embed(path, tmp_path), MEANS, rtol=1e-4)


def test_unclear_outputs_are_listed(tmp_path):
    path = save_keras(
        tmp_path / "net.keras", lambda x: {"a": keras.layers.Flatten()(x), "b": pooled(x)}
    )
    with pytest.raises(InputError, match=r"which output.*a \[\?, 12288\], b \[\?, 3\]"):
        embed(path, tmp_path)


def test_a_lambda_is_not_run(tmp_path):
    path = save_keras(
        tmp_path / "net.keras", lambda x: pooled(keras.layers.Lambda(lambda y: y * 2)(x))
    )
    with pytest.raises(InputError, match=r"holds a Lambda layer, which is code") as caught:
        embed(path, tmp_path)
    assert "\n" not in str(caught.value)


def test_unknown_classes(tmp_path):
    class Twice(keras.layers.Layer):
        def call(self, x):
            return x * 2

    path = save_keras(tmp_path / "net.keras", lambda x: pooled(Twice()(x)))
    with pytest.raises(InputError, match=r"a class that is not Keras' own"):
        embed(path, tmp_path)


def test_an_incomplete_file(tmp_path):
    path = save_keras(tmp_path / "net.keras", pooled)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"external \.keras file"):
        embed(path, tmp_path)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((64, 64, 1), r"channels.*got 3 for.*accepted: 1"),
        ((64, 3), r"takes images.*\[\?, 64, 3\] float32"),
    ],
)
def test_networks_for_other_inputs(tmp_path, shape, message):
    path = save_keras(tmp_path / "net.keras", keras.layers.Flatten(), shape=shape)
    with pytest.raises(InputError, match=message):
        external_representation(path, tmp_path).check(SPLITS.dataset)


@pytest.mark.parametrize("signature", [True, False])
def test_a_saved_model(tmp_path, signature):
    path = save_module(tmp_path / "net", means, signature=signature)
    np.testing.assert_allclose(embed(path, tmp_path), MEANS, rtol=1e-4)


def test_a_saved_model_of_keras(tmp_path):
    images = keras.Input((64, 64, 3))
    dense = keras.layers.Dense(4)
    keras.Model(images, dense(pooled(images))).export(tmp_path / "net", verbose=False)
    expected = MEANS @ dense.kernel.numpy()
    np.testing.assert_allclose(embed(tmp_path / "net", tmp_path), expected, rtol=1e-3, atol=1e-5)


def test_a_saved_model_that_takes_bytes(tmp_path):
    path = save_module(tmp_path / "net", means, tf.TensorSpec((None, None, None, 3), tf.uint8))
    np.testing.assert_allclose(embed(path, tmp_path), MEANS * 255, rtol=1e-4)


def test_an_endpoint_for_bytes_is_preferred_to_one_for_floats(tmp_path):
    """Encoders that train.py exports have both."""
    module = tf.Module()
    module.embed = tf.function(lambda x: means(x) / (255.0 if x.dtype == tf.uint8 else 7.0))
    for dtype in (tf.float32, tf.uint8):
        module.embed.get_concrete_function(tf.TensorSpec((None, 64, 64, 3), dtype))
    tf.saved_model.save(module, str(tmp_path / "net"))
    np.testing.assert_allclose(embed(tmp_path / "net", tmp_path), MEANS, rtol=1e-4)


def test_a_saved_model_with_a_switch_for_training(tmp_path):
    module = tf.Module()
    module.embed = tf.function(lambda x, training: means(x) * (2.0 if training else 1.0))
    for training in (True, False):
        module.embed.get_concrete_function(IMAGE, training)
    tf.saved_model.save(module, str(tmp_path / "net"))
    np.testing.assert_allclose(embed(tmp_path / "net", tmp_path), MEANS, rtol=1e-4)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda x: means(x) / 0.0 * 0.0,
            "embeddings must be finite.*net on test, first for image 0",
        ),
        (lambda x: means(x)[:1], "one embedding an image.*1 for 20"),
        (lambda x: tf.reduce_mean(x, 1), r"a vector or a map.*\[\?, 64, 3\]"),
        (lambda x: {"a": means(x), "b": means(x)}, r"which output.*a \[\?, 3\], b \[\?, 3\]"),
        (lambda x: tf.reshape(x, [-1, 7, 7]) @ tf.ones((7, 2)), "vector or a map"),
        (lambda x: tf.reshape(means(x), [-1, 7]), r"must take the images.*a multiple of 7"),
    ],
)
def test_useless_saved_models(tmp_path, function, message):
    path = save_module(tmp_path / "net", function)
    with pytest.raises(InputError, match=message) as caught:
        embed(path, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_fixed_batch_size_is_refused(tmp_path):
    path = save_module(tmp_path / "net", means, tf.TensorSpec((1, 64, 64, 3), tf.float32))
    with pytest.raises(InputError, match="any number of images"):
        embed(path, tmp_path)


@pytest.mark.parametrize("damage", ["junk", "nothing to call"])
def test_damaged_saved_models(tmp_path, damage):
    tf.saved_model.save(tf.Module(), str(tmp_path / "net"))
    if damage == "junk":
        (tmp_path / "net" / "saved_model.pb").write_bytes(b"\x08\xff junk" * 9)
    with pytest.raises(InputError, match=r"an external (encoder is a )?SavedModel") as caught:
        embed(tmp_path / "net", tmp_path)
    assert "\n" not in str(caught.value)
