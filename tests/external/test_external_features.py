"""Features of external networks, saved and loaded as by a user."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.external.external_features import ExternalFeatures
from tfdeepsim.external.loaded_network import prepare

BYTES = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
IMAGES = tf.constant(BYTES / 255, tf.float32)
MEANS = BYTES.mean((1, 2)) / 255
SPEC = tf.TensorSpec((None, 16, 16, 3), tf.float32, "image")
OPEN = tf.TensorSpec((None, None, None, 3), tf.float32, "image")


def means(images):
    return tf.reduce_mean(tf.cast(images, tf.float32), [1, 2])


def save_module(path, function, spec=SPEC, signature=False):
    """Write a SavedModel with an `embed` endpoint, or with a signature only."""
    module = tf.Module()
    traced = tf.function(function, input_signature=[spec])
    if not signature:
        module.embed = traced
    tf.saved_model.save(module, str(path), signatures=traced if signature else None)
    return path


def save_convolution(path, shape=(None, None, 3)):
    """Write a `.keras` file, and return the model in it."""
    keras.utils.set_random_seed(1)
    images = keras.Input(shape)
    model = keras.Model(images, keras.layers.Conv2D(5, 3, strides=2)(images))
    model.save(path)
    return model


def test_a_map_of_a_keras_file_stays_a_map(tmp_path):
    model = save_convolution(tmp_path / "net.keras")
    features = ExternalFeatures(tmp_path / "net.keras")
    found = features(IMAGES)
    assert found.shape == (4, 7, 7, 5)
    np.testing.assert_allclose(found, model(IMAGES), rtol=1e-4, atol=1e-5)
    assert features.feature_shapes((16, 16)) == [(7, 7, 5)]
    assert features.feature_shapes((20, 16)) == [(9, 7, 5)]


def test_floats_of_its_range(tmp_path):
    path = save_module(tmp_path / "net", lambda images: {"features": means(images)}, signature=True)
    np.testing.assert_allclose(ExternalFeatures(path)(IMAGES), MEANS, rtol=1e-4)
    np.testing.assert_allclose(ExternalFeatures(path, "-1-1")(IMAGES), 2 * MEANS - 1, atol=1e-5)
    with pytest.raises(InputError, match=r"input range.*0-255"):
        ExternalFeatures(path, "0..1")


def test_bytes_where_the_network_takes_them(tmp_path):
    path = save_module(tmp_path / "net", means, tf.TensorSpec((None, None, None, 3), tf.uint8))
    features = ExternalFeatures(path, "-1-1")
    np.testing.assert_array_equal(features(IMAGES), means(BYTES))
    assert features.feature_shapes((8, 8)) == [(3,)]


@pytest.mark.parametrize("dtype", [tf.uint8, tf.int32, tf.float32])
def test_floats_are_prepared_as_bytes_are(dtype):
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    spec = tf.TensorSpec((None, None, None, 1), dtype)
    floats = prepare(tf.constant(every / 255, tf.float32), spec, (-1, 1))
    assert floats.dtype == dtype
    same = np.testing.assert_allclose if dtype.is_floating else np.testing.assert_array_equal
    same(
        floats,
        prepare(tf.constant(every), spec, (-1, 1)),
        **({"atol": 1e-6} if dtype.is_floating else {}),
    )
    smaller = tf.TensorSpec((None, 5, 7, 1), dtype)
    found = prepare(tf.constant(every / 255, tf.float32), smaller, (0, 1))
    np.testing.assert_allclose(found, prepare(tf.constant(every), smaller, (0, 1)), atol=1e-6)


def test_images_are_resized_to_what_the_network_takes(tmp_path):
    path = save_module(tmp_path / "net", lambda x: tf.reshape(x, [-1, 16 * 16 * 3]))
    large = tf.image.resize(IMAGES, (24, 32))
    small = tf.image.resize(large, (16, 16), antialias=True)
    found = ExternalFeatures(path)(large)
    np.testing.assert_allclose(found, tf.reshape(small, [4, -1]), atol=1e-5)


def test_a_run_has_its_encoder(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text("{}")
    with pytest.raises(
        InputError, match=r"run, a run without encoder/; accepted: .*run of train\.py"
    ):
        ExternalFeatures(run)
    save_module(run / "encoder", means)
    features = ExternalFeatures(run)
    np.testing.assert_allclose(features(IMAGES), MEANS, rtol=1e-4)
    assert (features.name, features.source) == ("run", f"SavedModel {run / 'encoder'}")
    assert features.sha256 == ExternalFeatures(run / "encoder").sha256


def test_attributes(tmp_path):
    path = tmp_path / "net.keras"
    images = keras.Input((16, 16, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(images)
    keras.Model(images, {"logits": keras.layers.Flatten()(images), "embedding": pooled}).save(path)
    features = ExternalFeatures(path)
    assert (features.name, features.layer, features.layers) == (
        "net.keras",
        "embedding",
        ("embedding",),
    )
    assert (features.source, features.input_range) == (f".keras {path}", (0.0, 1.0))
    assert len(features.sha256) == 64
    np.testing.assert_allclose(features(IMAGES), MEANS, rtol=1e-4)


def test_shapes_are_known_while_a_function_is_traced(tmp_path):
    """A trace for an open size states no height and width, and this one not even a rank."""
    path = save_module(
        tmp_path / "net", lambda x: tf.py_function(lambda y: y[:, ::2], [x], tf.float32), OPEN
    )
    features = ExternalFeatures(path)
    shapes = []

    @tf.function(input_signature=[SPEC])
    def halved(images):
        found = features(images)
        shapes.append(found.shape.as_list())
        return found

    np.testing.assert_allclose(halved(IMAGES), IMAGES[:, ::2], atol=1e-6)
    assert shapes == [[None, 8, 16, 3]]


@pytest.mark.parametrize("form", ["SavedModel", ".keras"])
def test_gradients_are_stopped(tmp_path, form):
    path = tmp_path / ("net.keras" if form == ".keras" else "net")
    model = save_convolution(path) if form == ".keras" else save_convolution(tmp_path / "net.keras")
    if form == "SavedModel":
        model.export(path, verbose=False)
    features = ExternalFeatures(path)
    weight = tf.Variable(2.0)

    @tf.function(input_signature=[SPEC])
    def gradients(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(features(images) * weight)
        return tape.gradient(loss, [weight, images], unconnected_gradients="zero")

    of_weight, of_images = gradients(IMAGES)
    np.testing.assert_allclose(of_weight, tf.reduce_sum(model(IMAGES)), rtol=1e-3)
    assert not np.any(of_images)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: {"a": means(x), "b": means(x)}, r"clear which output.*a \[\?, 3\], b \[\?, 3\]"),
        (
            lambda x: tf.reduce_mean(x, 1),
            r"a vector or a map.*\[\?, 16, 3\].*accepted: \[B, Z\], or \[B, h,",
        ),
        (
            lambda x: tf.py_function(lambda y: y[0], [x], tf.float32),
            r"a vector or a map.*\[16, 16, 3\]",
        ),
        (lambda x: means(x)[:1], "one embedding an image: got 1 for 2 images"),
        (
            lambda x: tf.reshape(means(x), [-1, 7]),
            r"must take the images.*multiple of 7.*see --image-size",
        ),
    ],
)
def test_useless_networks(tmp_path, function, message):
    path = save_module(tmp_path / "net", function)
    with pytest.raises(InputError, match=message) as caught:
        ExternalFeatures(path).feature_shapes((16, 16))
    assert "\n" not in str(caught.value)
    assert "averaged" not in str(caught.value)


def test_images_that_are_too_small(tmp_path):
    save_convolution(tmp_path / "net.keras")
    with pytest.raises(InputError, match=r"must take the images.*net\.keras for \[None, 2, 2, 3\]"):
        ExternalFeatures(tmp_path / "net.keras").feature_shapes((2, 2))


def test_other_channels(tmp_path):
    save_convolution(tmp_path / "net.keras", (16, 16, 1))
    features = ExternalFeatures(tmp_path / "net.keras")
    assert features.feature_shapes((16, 16)) == [(7, 7, 5)]
    with pytest.raises(InputError, match=r"channels.*got 3 for.*accepted: 1"):
        features(IMAGES)


def test_images_of_no_known_size(tmp_path):
    features = ExternalFeatures(save_module(tmp_path / "net", means, OPEN))
    with pytest.raises(InputError, match=r"known size: got shape \[\?, \?, \?, 3\]"):
        tf.function(
            features.__call__, input_signature=[OPEN], autograph=False
        ).get_concrete_function()


def test_refuses_what_is_no_network(tmp_path):
    (tmp_path / "notes.txt").write_text("?")
    for path, what in [
        ("notes.txt", "a file of another"),
        (".", "other files"),
        ("none", "does not exist"),
    ]:
        with pytest.raises(InputError, match=rf"known form.*{what}.*a \.keras file"):
            ExternalFeatures(tmp_path / path)
    tf.saved_model.save(tf.Module(), str(tmp_path / "net"))
    with pytest.raises(InputError, match=r"says what to call: got no signature"):
        ExternalFeatures(tmp_path / "net")
