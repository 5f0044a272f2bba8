import hashlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from graph_operations import needed_operations
from keras.src.utils import file_utils
from keras_networks import published, shaken

from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.comparators.keras_applications import weights as keras_weights
from tfdeepsim.comparators.keras_applications.keras_application import (
    KerasApplication,
)
from tfdeepsim.comparators.keras_applications.layers import layers_by_name
from tfdeepsim.comparators.weights.fetch import RemoteFile
from tfdeepsim.comparators.weights.read_once import ReadOnce
from tfdeepsim.errors import InputError

applications = keras.applications

TWO = ("block_1_expand_relu", "block_3_expand_relu")


def images(*size, batch=2, seed=0):
    return tf.constant(np.random.default_rng(seed).random((batch, *size, 3)), tf.float32)


def plain(network, *layers):
    named = layers_by_name(network)
    return keras.Model(network.input, [named[layer].output for layer in layers])


@pytest.mark.parametrize("size", [(32, 32), (64, 48)])
def test_equals_the_network_of_keras_on_its_own_input(mobile, comparator, size):
    x = images(*size)
    expected = plain(mobile, TWO[0])(applications.mobilenet_v2.preprocess_input(x.numpy() * 255))
    np.testing.assert_allclose(comparator(x), expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("layer", ["block1_conv1", "block1_pool", "block2_conv2"])
def test_reads_files_as_keras_publishes_them(vgg, vgg_file, layer):
    x = images(32, 24)
    expected = plain(vgg, layer)(applications.vgg16.preprocess_input(x.numpy() * 255))
    features = make_comparator(f"keras:VGG16:{layer}", vgg_file)(x)
    np.testing.assert_allclose(features, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.slow
def test_several_layers_equal_each_alone(mobile_file):
    spec = f"keras:MobileNetV2:{'+'.join(TWO)}"
    check_comparator(spec, (32, 32, 3), mobile_file)
    both = make_comparator(spec, mobile_file)
    x = images(32, 32)
    for layer, features, shape in zip(TWO, both(x), both.feature_shapes((32, 32)), strict=True):
        np.testing.assert_array_equal(
            features, make_comparator(f"keras:MobileNetV2:{layer}", mobile_file)(x)
        )
        assert features.shape == (2, *shape)
    assert both.compute_output_shape((None, 32, 32, 3)) == [(None, 16, 16, 96), (None, 8, 8, 144)]


def test_holds_no_layers_behind_its_deepest_one(comparator, mobile):
    assert len(comparator.variables) == len(plain(mobile, TWO[0]).weights) < 25


def test_record_tells_file_and_weights(comparator, mobile_file, tmp_path, mobile):
    assert (comparator.name, comparator.layer) == ("mobilenetv2", TWO[0])
    assert comparator.source == str(mobile_file)
    again = make_comparator(
        f"keras:MobileNetV2:{TWO[0]}", published(mobile, tmp_path / "legacy.h5")
    )
    assert again.sha256 == comparator.sha256
    other = make_comparator(f"keras:MobileNetV2:{TWO[1]}", mobile_file)
    assert other.sha256 != comparator.sha256


def test_batch_statistics_are_those_of_the_file(comparator):
    x = images(32, 32)
    model = keras.Sequential([comparator])
    np.testing.assert_array_equal(model(x, training=True), comparator(x))
    # An image's features do not depend on those beside it.
    np.testing.assert_allclose(comparator(x)[:1], comparator(x[:1]), atol=1e-5)


def test_training_a_model_around_it_leaves_it_as_it_was(mobile_file):
    frozen = make_comparator(f"keras:MobileNetV2:{TWO[0]}", mobile_file)
    before = [variable.numpy() for variable in frozen.variables]
    model = keras.Sequential([keras.layers.Conv2D(3, 3, padding="same"), frozen])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    x = images(32, 32)
    model.build(x.shape)
    model.trainable = True
    assert len(model.trainable_variables) == 2
    model.fit(x, frozen(x), epochs=1, verbose=0)
    for variable, value in zip(frozen.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.parametrize("network", ["MobileNetV2", "VGG16"])
def test_a_training_step_computes_no_gradient_of_its_weights(network, request, comparator):
    if network == "VGG16":
        comparator = make_comparator("keras:VGG16:block1_pool", request.getfixturevalue("vgg_file"))
    generator = keras.layers.Conv2D(3, 3, padding="same")
    x = images(32, 32)
    generator.build(x.shape)
    comparator.trainable = True

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((comparator(generator(x)) - tf.stop_gradient(comparator(x))) ** 2)
        return tape.gradient(
            loss, [*generator.trainable_variables, *comparator.trainable_variables]
        )

    operations = needed_operations(step, x)
    # The one of the generator.
    assert sum("BackpropFilter" in name for name in operations) == 1
    assert sum(name.startswith("Conv2DBackpropFilter") for name in operations) == 1


def test_the_gradient_is_that_of_keras(mobile, comparator):
    x = images(32, 32)
    reference = plain(mobile, TWO[0])
    gradients = []
    for network in (comparator, lambda x: reference(x * 255 / 127.5 - 1)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean(network(x) ** 2)
        gradients.append(tape.gradient(loss, x).numpy())
    assert (np.abs(gradients[0]).max(axis=(0, 3)) > 0).all()
    np.testing.assert_allclose(*gradients, atol=1e-5 * np.abs(gradients[1]).max())


def test_bfloat16_computes_in_bfloat16_and_returns_float32(comparator, mobile_file):
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = make_comparator(f"keras:MobileNetV2:{TWO[0]}", mobile_file)
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    x = images(32, 32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        features = mixed(x)
    assert features.dtype == tape.gradient(features, x).dtype == tf.float32
    exact = comparator(x).numpy()
    assert 1e-4 < np.linalg.norm(features - exact) / np.linalg.norm(exact) < 3e-2
    exactly = KerasApplication("MobileNetV2", [TWO[0]], weights_file=mobile_file, dtype="float32")
    np.testing.assert_array_equal(exactly(x), exact)


def test_config_and_file_round_trip(comparator, mobile_file, tmp_path):
    clone = KerasApplication.from_config(comparator.get_config())
    assert (clone.name, clone.layer, clone.sha256) == (
        comparator.name,
        comparator.layer,
        comparator.sha256,
    )
    squashed = KerasApplication(
        "MobileNetV2", TWO, weights_file=mobile_file, feature_activation="sigmoid"
    )
    model = keras.Sequential([keras.Input((32, 32, 3)), squashed])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.trainable_variables == []
    for ours, theirs in zip(loaded(images(32, 32)), model(images(32, 32)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_minimum_size_is_the_smallest_that_works(vgg_file):
    deep = make_comparator("keras:VGG16:block5_pool", vgg_file)
    assert deep.minimum_size == 32
    assert deep(images(32, 40)).shape == (2, 1, 1, 512)
    with pytest.raises(
        InputError, match=r"VGG16's block5_pool: got 31x64 pixels; accepted: at least 32x32"
    ):
        deep(images(31, 64))
    with pytest.raises(InputError, match="got 64x31"):
        check_comparator("keras:VGG16:block5_pool", (64, 31, 3), vgg_file)


def test_receptive_field_is_where_the_gradient_is(vgg_file):
    """Against numbers by hand, and against the pixels that the gradient of a position reaches."""
    vgg = make_comparator("keras:VGG16:block1_pool+block2_conv2+block3_conv1", vgg_file)
    assert vgg.receptive_fields() == [(6, 2), (14, 2), (24, 4)]
    x = images(64, 64, batch=1)
    for layer, (field, _) in zip(range(3), vgg.receptive_fields(), strict=True):
        with tf.GradientTape() as tape:
            tape.watch(x)
            features = vgg(x)[layer]
            middle = tf.reduce_sum(features[:, features.shape[1] // 2, features.shape[2] // 2])
        reached = np.abs(tape.gradient(middle, x).numpy()).max(axis=(0, 3))
        rows = np.flatnonzero(reached.max(1))
        assert rows[-1] - rows[0] + 1 == field


def test_a_layer_that_weighs_channels_sees_the_whole_image(tmp_path):
    network = applications.MobileNetV3Small(weights=None, include_top=False)
    network.save_weights(tmp_path / "small.weights.h5")
    spec = "keras:MobileNetV3Small:conv_bn+expanded_conv_project"
    assert make_comparator(spec, tmp_path / "small.weights.h5").receptive_fields() == [(3, 2), None]


@pytest.mark.slow
def test_layers_have_the_names_of_a_fresh_process(tmp_path):
    for _ in range(2):
        network = applications.Xception(weights=None, include_top=False)
    names = list(layers_by_name(network))
    assert [name for name in names if name.startswith("conv2d")] == [
        "conv2d",
        *(f"conv2d_{i}" for i in (1, 2, 3)),
    ]
    assert "conv2d" not in {layer.name for layer in network.layers}
    network.save_weights(tmp_path / "xception.weights.h5")
    spec = "keras:Xception:conv2d+block2_pool"
    first, second = (make_comparator(spec, tmp_path / "xception.weights.h5") for _ in range(2))
    assert first.sha256 == second.sha256
    x = images(32, 32)
    for found, expected in zip(
        second(x), plain(network, "conv2d", "block2_pool")(x * 2 - 1), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
def test_a_file_with_the_classifier_gives_the_layers_before_it_at_any_size(tmp_path):
    network = applications.MobileNet(weights=None)
    x = images(32, 32)
    features = []
    network.save_weights(tmp_path / "whole.weights.h5")
    for path in (published(network, tmp_path / "whole.h5"), tmp_path / "whole.weights.h5"):
        features.append(make_comparator("keras:MobileNet:conv_pw_2_relu", path)(x))
    bare = applications.MobileNet(weights=None, include_top=False, input_shape=(32, 32, 3))
    for layer in bare.layers:
        layer.set_weights(network.get_layer(layer.name).get_weights() if layer.weights else [])
    expected = plain(bare, "conv_pw_2_relu")(x * 2 - 1)
    for found in features:
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
def test_the_classifier_takes_its_own_size_only(tmp_path):
    network = applications.MobileNet(weights=None)
    path = published(network, tmp_path / "whole.h5")
    whole = make_comparator("keras:MobileNet:conv_pw_1_relu+predictions", path)
    x = images(224, 224, batch=1)
    np.testing.assert_allclose(whole(x)[1], network(x * 2 - 1), atol=1e-5)
    assert whole.minimum_size == 224
    assert whole.receptive_fields() == [(7, 2), None]
    for size in (64, 256):
        with pytest.raises(InputError, match=f"got {size}x{size} pixels; accepted: 224x224 pixels"):
            whole(images(size, size))
    bare = applications.MobileNet(weights=None, include_top=False)
    with pytest.raises(
        InputError, match=r"with its classifier: got .*; accepted: .*mobilenet_1_0_224_tf\.h5"
    ):
        make_comparator("keras:MobileNet:predictions", published(bare, tmp_path / "bare.h5"))


@pytest.mark.slow
def test_scales_efficientnet_as_keras_does_for_its_own_weights(tmp_path, monkeypatch):
    """Keras' EfficientNet has one more scaling if it is built for its published weights."""
    own = shaken(applications.EfficientNetB0(weights=None, include_top=False))
    file = published(own, tmp_path / "file.h5")
    with monkeypatch.context() as patch:
        patch.setattr(file_utils, "get_file", lambda *args, **kwargs: str(file))
        offered = applications.EfficientNetB0(include_top=False)
    x = images(32, 32)
    spec = "keras:EfficientNetB0:stem_activation"
    expected = {
        network: plain(network, "stem_activation")(x * 255).numpy() for network in (own, offered)
    }
    assert np.abs(expected[own] - expected[offered]).max() > 0.1
    offered.save_weights(tmp_path / "again.weights.h5")
    digest = hashlib.md5(file.read_bytes()).hexdigest()
    cases = [("file.h5", "", own), ("file.h5", digest, offered), ("again.weights.h5", "", offered)]
    for name, digest, network in cases:
        monkeypatch.setattr(
            keras_weights,
            "remote_file_of",
            lambda *_, digest=digest, **__: RemoteFile(file, "", digest),
        )
        # Otherwise the weights of the same file would not be read again.
        monkeypatch.setattr(keras_weights, "_READ", ReadOnce(1))
        features = make_comparator(spec, tmp_path / name)(x)
        np.testing.assert_allclose(features, expected[network], atol=1e-4)
