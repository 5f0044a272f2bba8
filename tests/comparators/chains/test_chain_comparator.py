"""Frozen chains of layers: their features, their gradients, and the input that they refuse."""

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from graph_operations import needed_operations
from handmade_checkpoint import write_arrays

from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.chains.architecture import Layer
from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.chains.tensor_layout import kernels_from_tensors, tensors_from_kernels
from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.comparators.weights.load import random_weights
from tfdeepsim.errors import InputError


def alexnet(*layers, seed=0, **options):
    return ChainComparator("alexnet", layers, seed=seed, **options)


@pytest.fixture(scope="module")
def relu2():
    return alexnet("relu2")


@pytest.fixture(scope="module")
def fc6():
    return alexnet("fc6")


def images(*size, batch=2, seed=0):
    return tf.constant(np.random.default_rng(seed).random((batch, *size, 3)), tf.float32)


def plain_features(x, layer, weights):
    """AlexNet up to pool5 at most, by one plain operation for each layer."""
    operations = {
        "conv1": ("features.0", 4, 2),
        "conv2": ("features.3", 1, 2),
        "conv3": ("features.6", 1, 1),
        "conv4": ("features.8", 1, 1),
        "conv5": ("features.10", 1, 1),
    }
    x = (x - ALEXNET.mean) / ALEXNET.std
    for name in ALEXNET.layer_names[: ALEXNET.layer_names.index(layer) + 1]:
        if name in operations:
            tensor, stride, pad = operations[name]
            kernel = weights[f"{tensor}.weight"].transpose(2, 3, 1, 0)
            x = tf.nn.conv2d(x, kernel, stride, [[0, 0], [pad, pad], [pad, pad], [0, 0]])
            x += weights[f"{tensor}.bias"]
        elif name.startswith("relu"):
            x = tf.nn.relu(x)
        else:
            x = tf.nn.max_pool2d(x, 3, 2, "VALID")
    return x


@pytest.mark.parametrize(
    ("layer", "size"),
    [("relu2", (64, 64)), ("relu2", (35, 50)), ("pool5", (67, 64)), ("conv4", (97, 63))],
)
def test_equals_the_plain_network(layer, size, tmp_path):
    weights = random_weights(ALEXNET.tensor_shapes(layer), seed=3)
    rng = np.random.default_rng(0)
    weights |= {
        n: rng.normal(size=w.shape).astype("f") for n, w in weights.items() if n.endswith("bias")
    }
    write_arrays(
        tmp_path / "a.pth", **{name.replace(".", "__"): value for name, value in weights.items()}
    )
    comparator = ChainComparator("alexnet", [layer], weights_file=tmp_path / "a.pth")
    x = images(*size)
    results = []
    for network in (comparator, lambda x: plain_features(x, layer, weights)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            features = network(x)
            loss = tf.reduce_mean(features**2)
        results.append((features, tape.gradient(loss, x)))
    for ours, plain in zip(*results, strict=True):
        np.testing.assert_allclose(ours, plain, atol=1e-5 * np.abs(plain).max())


def test_fully_connected_layers_take_any_size(fc6):
    assert fc6(images(63, 64)).shape == fc6(images(96, 130)).shape == (2, 4096)


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        ("alexnet", ("pool1", "conv3", "relu1")),
        ("alexnet", ("fc6", "conv2")),
        ("caffe_alexnet", ("norm2", "conv1", "relu3")),
        ("exemplar_cnn", ("relu4", "conv1", "fc4")),
    ],
)
def test_several_layers_at_once_equal_each_alone(network, layers):
    size = 64 if "alexnet" in network else 32
    x = images(size, size)
    together = ChainComparator(network, layers, seed=0)
    found = together(x)
    assert together.compute_output_shape(x.shape) == [features.shape for features in found]
    for layer, features in zip(layers, found, strict=True):
        alone = ChainComparator(network, [layer], seed=0)
        assert alone.compute_output_shape(x.shape) == features.shape
        np.testing.assert_allclose(features, alone(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("network", ["alexnet", "exemplar_cnn", "caffe_alexnet"])
def test_is_built_up_to_the_deepest_layer_only(network):
    for layers, convolutions in (
        (("conv1",), 1),
        (("pool1", "conv1"), 1),
        (("relu3", "conv1", "relu2"), 3),
    ):
        comparator = ChainComparator(network, layers, seed=0)
        assert len(comparator.weights) == 2 * convolutions
        counts = (math.prod(w.shape) for w in comparator.weights)
        shapes = comparator.architecture.tensor_shapes(*layers).values()
        assert sum(counts) == sum(math.prod(shape) for shape in shapes)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_both_layouts_of_weights_hold_the_same_numbers(name):
    deepest = {"exemplar_cnn": "fc4"}.get(name, "conv5")
    network = ARCHITECTURES[name]
    steps = network.up_to(deepest)
    weights = random_weights(network.tensor_shapes(deepest), seed=0)
    back = tensors_from_kernels(steps, kernels_from_tensors(steps, weights))
    assert list(back) == list(weights)
    for tensor, value in weights.items():
        np.testing.assert_array_equal(back[tensor], value)


def test_dense_weights_belong_to_the_same_channel_and_position():
    """First for a map of 2x2 positions and 2 channels, then for the vector computed from it."""
    steps = (Layer("conv", "conv", 2, tensor="c"), Layer("a", "dense", 3, tensor="a"))
    steps += (Layer("b", "dense", 2, tensor="b"),)
    weights = {"c.weight": np.zeros((2, 3, 1, 1)), "c.bias": np.zeros(2), "a.bias": np.zeros(3)}
    weights |= {"b.weight": np.arange(6.0).reshape(2, 3), "b.bias": np.zeros(2)}
    weights["a.weight"] = np.arange(24.0).reshape(3, 8)
    by_name = {name: kernel for name, (kernel, _) in kernels_from_tensors(steps, weights).items()}
    # [out, channel, row, column] of files to [row, column, channel, out].
    expected = np.arange(24.0).reshape(3, 2, 2, 2).transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(by_name["a"].reshape(2, 2, 2, 3), expected)
    np.testing.assert_array_equal(by_name["b"], weights["b.weight"].T)


def test_sigmoid_is_applied_to_the_features(relu2):
    squashed = alexnet("relu2", feature_activation="sigmoid")
    x = images(32, 32)
    np.testing.assert_allclose(squashed(x), tf.sigmoid(relu2(x)), rtol=1e-6)


def test_features_of_random_weights_keep_unit_order(relu2):
    mean_square = float(tf.reduce_mean(relu2(images(64, 64, batch=8)) ** 2))
    assert 0.5 < mean_square < 20


def test_stays_frozen_when_trainable_is_set(relu2):
    model = keras.Sequential([keras.layers.Conv2D(3, 3, padding="same"), relu2])
    model.build((None, 32, 32, 3))
    for switch in (relu2, model):
        switch.trainable = True
        assert relu2.trainable is False
        assert relu2.trainable_variables == []
        assert len(relu2.non_trainable_variables) == 4
        assert len(model.trainable_variables) == 2


def test_training_a_model_around_it_leaves_it_as_it_was():
    comparator = alexnet("relu2")
    before = [variable.numpy() for variable in comparator.variables]
    learner = keras.layers.Conv2D(3, 3, padding="same")
    model = keras.Sequential([learner, comparator])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    x = images(32, 32)
    model.build(x.shape)
    kernel = learner.kernel.numpy()
    model.fit(x, comparator(x), epochs=1, verbose=0)
    assert not np.array_equal(kernel, learner.kernel)
    for variable, value in zip(comparator.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


@pytest.mark.parametrize(
    ("network", "layers", "size", "convolutions", "products"),
    [
        ("alexnet", ["relu2"], 64, 2, 0),
        ("alexnet", ["fc6"], 64, 5, 1),
        ("alexnet", ["conv1", "relu2"], 64, 2, 0),
        ("exemplar_cnn", ["relu4"], 32, 3, 1),
        # Two groups in its second convolution.
        ("caffe_alexnet", ["relu2"], 64, 3, 0),
    ],
)
def test_a_training_step_computes_no_gradient_of_its_weights(
    network, layers, size, convolutions, products
):
    comparator = ChainComparator(network, layers, seed=0)
    generator = keras.layers.Conv2D(3, 3, padding="same")
    x = images(size, size)
    generator.build(x.shape)
    comparator.trainable = True

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            pairs = zip(*(tf.nest.flatten(comparator(y)) for y in (generator(x), x)), strict=True)
            loss = sum(
                tf.reduce_mean((found - tf.stop_gradient(target)) ** 2) for found, target in pairs
            )
        return tape.gradient(
            loss, [*generator.trainable_variables, *comparator.trainable_variables]
        )

    operations = needed_operations(step, x)
    # One for the generator. The comparator's convolutions run twice forward and once backward.
    assert sum(op.startswith("Conv2DBackpropFilter") for op in operations) == 1
    assert operations.count("Conv2D") == 1 + 3 * convolutions
    # So do its dense layers.
    assert operations.count("MatMul") == 3 * products


def test_the_gradient_reaches_every_part_of_the_image(relu2):
    x = images(64, 64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_mean((relu2(x) - relu2(images(64, 64, seed=1))) ** 2)
    gradient = tape.gradient(loss, x).numpy()
    assert np.isfinite(gradient).all()
    # The last window of the second convolution ends before the last few rows.
    assert (np.abs(gradient[:, :56, :56]).max(axis=(0, 3)) > 0).all()


def test_bfloat16_computes_in_bfloat16_and_returns_float32(relu2):
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = alexnet("relu2")
    x = images(64, 64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        features = mixed(x)
    gradient = tape.gradient(features, x)
    assert features.dtype == gradient.dtype == tf.float32
    exact = relu2(x).numpy()
    error = np.linalg.norm(features - exact) / np.linalg.norm(exact)
    assert 1e-4 < error < 1e-2


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_takes_images_of_any_float(relu2, dtype):
    x = tf.round(images(32, 32) * 128) / 128  # which bfloat16 holds exactly
    np.testing.assert_array_equal(relu2(tf.cast(x, dtype)), relu2(x))


def test_config_and_file_round_trip(relu2, tmp_path):
    clone = ChainComparator.from_config(relu2.get_config())
    assert (clone.name, clone.layer, clone.sha256) == (relu2.name, relu2.layer, relu2.sha256)
    options = {
        "feature_activation": "sigmoid",
        "feature_normalization": "channel",
        "layer_weights": (2.0,),
    }
    model = keras.Sequential([keras.Input((32, 32, 3)), alexnet("relu2", seed=4, **options)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.trainable_variables == []
    assert loaded.layers[-1].get_config() == model.layers[-1].get_config()
    np.testing.assert_array_equal(loaded(images(32, 32)), model(images(32, 32)))


def test_probabilities_are_the_softmax_of_the_logits():
    logits, probabilities = alexnet("fc8", "prob")(images(63, 63, batch=3))
    exponentials = np.exp(np.float64(logits) - np.max(logits, 1, keepdims=True))
    expected = exponentials / exponentials.sum(1, keepdims=True)
    assert np.ptp(expected, axis=1).min() > 1e-4  # else a constant would do
    np.testing.assert_allclose(probabilities, expected, rtol=1e-4)


def test_probabilities_add_up_to_1_in_bfloat16():
    mixed = alexnet("prob", dtype="mixed_bfloat16")
    sums = tf.reduce_sum(mixed(images(63, 63)), 1)
    np.testing.assert_allclose(sums, 1, atol=1e-2)


@pytest.mark.parametrize(
    ("network", "layers"),
    [("alexnet", ("conv1", "relu2")), ("exemplar_cnn", ("conv1", "pool2", "relu3"))],
)
def test_raw_pixels_reach_the_network_without_mean_and_deviation(network, layers):
    """What the network makes of scaled pixels, `raw` makes of the same numbers as pixels."""
    mean, std = (np.array(value, "f") for value in (ALEXNET.mean, ALEXNET.std))
    scaled, raw = (
        ChainComparator(network, layers, seed=0, comparator_input=name)
        for name in ("imagenet", "raw")
    )
    assert (scaled.comparator_input, raw.comparator_input) == ("imagenet", "raw")
    assert scaled.sha256 == raw.sha256
    x = images(32, 32)
    for found, expected in zip(raw((x - mean) / std), scaled(x), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    for found, other in zip(raw(x), scaled(x), strict=True):
        assert np.abs(found - other).max() > 0.1 * np.abs(other).max()


def test_the_input_of_raw_pixels_is_saved():
    config = alexnet("conv1", comparator_input="raw").get_config()
    clone = ChainComparator.from_config(json.loads(json.dumps(config)))
    assert clone.comparator_input == "raw"
    assert clone.architecture.mean == (0, 0, 0)
    # Earlier versions saved no such field.
    del config["comparator_input"]
    assert ChainComparator.from_config(config).comparator_input == "imagenet"


def test_config_of_several_layers_round_trip():
    comparator = alexnet("relu1", "conv1", layer_weights=(0.5, 3.0))
    config = json.loads(json.dumps(comparator.get_config()))
    clone = ChainComparator.from_config(config)
    assert (clone.layers, clone.layer_weights) == (("relu1", "conv1"), (0.5, 3.0))
    x = images(16, 16)
    for ours, theirs in zip(comparator(x), clone(x), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_needs_a_file_or_a_seed():
    with pytest.raises(InputError, match="neither"):
        ChainComparator("alexnet", ["relu2"])
    with pytest.raises(InputError, match="both"):
        ChainComparator("alexnet", ["relu2"], weights_file="a.pth", seed=0)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 64, 64, 3), np.uint8), "uint8; accepted: .*floating"),
        (np.zeros((1, 64, 64, 1), np.float32), r"shape \[1, 64, 64, 1\]"),
        (np.zeros((1, 64, 64, 4), np.float32), r"shape \[1, 64, 64, 4\]"),
        (np.zeros((64, 64, 3), np.float32), r"shape \[64, 64, 3\]"),
        (np.zeros((1, 14, 64, 3), np.float32), "14x64 pixels; accepted: at least 15x15"),
    ],
)
def test_refuses_other_images(relu2, x, message):
    with pytest.raises(InputError, match=message):
        relu2(x)


def test_refuses_unknown_networks_and_layers():
    with pytest.raises(InputError, match="'vgg'; accepted: alexnet"):
        ChainComparator("vgg", ["conv1"], seed=0)
    with pytest.raises(InputError, match="'norm1'; accepted: conv1, relu1, pool1"):
        alexnet("conv1", "norm1")


@pytest.mark.parametrize("size", [(36, 36), (64, 64), (32, 64)])
def test_refuses_images_whose_map_its_dense_layers_do_not_read(size):
    comparator = ChainComparator("exemplar_cnn", ["fc4"], seed=0)
    assert comparator(images(35, 32)).shape == (2, 512)
    # Unchecked, one map of four times the size would be taken for four images.
    with pytest.raises(InputError, match=rf"{size[0]}x{size[1]} pixels; accepted: 32x32 to 35x35"):
        comparator(images(*size))


def test_refuses_images_of_unknown_size(relu2):
    with pytest.raises(InputError, match="known size"):
        relu2(keras.Input((None, None, 3)))
