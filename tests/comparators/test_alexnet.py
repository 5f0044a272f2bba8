import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from handmade_checkpoint import write_arrays
from tensorflow.python.eager import context

from tfdeepsim.comparators.alexnet import AlexNet, _adaptive_average_pool
from tfdeepsim.comparators.alexnet_layers import LAYER_NAMES, MEAN, STD, feature_shape
from tfdeepsim.comparators.alexnet_weights import digest, load_weights, random_weights
from tfdeepsim.errors import InputError


@pytest.fixture(scope="module")
def relu2():
    return AlexNet("relu2", seed=0)


@pytest.fixture(scope="module")
def fc6():
    return AlexNet("fc6", seed=0)


def images(*size, batch=2, seed=0):
    return tf.constant(np.random.default_rng(seed).random((batch, *size, 3)), tf.float32)


def plain_features(x, layer, weights):
    """AlexNet to pool5 at most, one textbook operation a layer."""
    operations = {
        "conv1": ("features.0", 4, 2),
        "conv2": ("features.3", 1, 2),
        "conv3": ("features.6", 1, 1),
        "conv4": ("features.8", 1, 1),
        "conv5": ("features.10", 1, 1),
    }
    x = (x - MEAN) / STD
    for name in LAYER_NAMES[: LAYER_NAMES.index(layer) + 1]:
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
    ("layer", "size"), [("relu2", (64, 64)), ("relu2", (35, 50)), ("pool5", (67, 64)), ("conv4", (97, 63))]
)
def test_equals_the_plain_network(layer, size, tmp_path):
    weights = random_weights(layer, seed=3)
    rng = np.random.default_rng(0)
    weights |= {n: rng.normal(size=w.shape).astype("f") for n, w in weights.items() if n.endswith("bias")}
    write_arrays(tmp_path / "a.pth", **{name.replace(".", "__"): value for name, value in weights.items()})
    comparator = AlexNet(layer, weights_file=tmp_path / "a.pth")
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


@pytest.mark.parametrize("layer", ["conv1", "pool1", "relu2", "pool2", "relu5", "pool5"])
def test_feature_shape_is_the_shape_of_the_features(layer):
    comparator = AlexNet(layer, seed=0)
    for size in ((64, 64), (63, 130)):
        assert comparator(images(*size)).shape == (2, *feature_shape(layer, size))
        assert comparator.compute_output_shape((None, *size, 3)) == (None, *feature_shape(layer, size))


@pytest.mark.parametrize("length", [1, 2, 4, 6, 7, 13])
def test_adaptive_average_pool_averages_its_bins(length):
    x = np.random.default_rng(0).random((2, length, 5, 3)).astype(np.float32)
    expected = np.zeros((2, 6, 6, 3))
    for i in range(6):
        rows = slice(int(np.floor(i * length / 6)), int(np.ceil((i + 1) * length / 6)))
        for j in range(6):
            columns = slice(int(np.floor(j * 5 / 6)), int(np.ceil((j + 1) * 5 / 6)))
            expected[:, i, j] = x[:, rows, columns].mean((1, 2))
    np.testing.assert_allclose(_adaptive_average_pool(tf.constant(x), 6), expected, rtol=1e-6)


def test_fully_connected_layers_take_any_size(fc6):
    assert fc6(images(63, 64)).shape == fc6(images(96, 130)).shape == (2, 4096)


def test_sigmoid_is_applied_to_the_features(relu2):
    squashed = AlexNet("relu2", seed=0, feature_activation="sigmoid")
    x = images(32, 32)
    np.testing.assert_allclose(squashed(x), tf.sigmoid(relu2(x)), rtol=1e-6)


def test_features_of_random_weights_keep_unit_order(relu2):
    mean_square = float(tf.reduce_mean(relu2(images(64, 64, batch=8)) ** 2))
    assert 0.5 < mean_square < 20


def test_is_frozen_whatever_is_switched(relu2):
    model = keras.Sequential([keras.layers.Conv2D(3, 3, padding="same"), relu2])
    model.build((None, 32, 32, 3))
    for switch in (relu2, model):
        switch.trainable = True
        assert relu2.trainable is False
        assert relu2.trainable_variables == []
        assert len(relu2.non_trainable_variables) == 4
        assert len(model.trainable_variables) == 2


def test_training_a_model_around_it_leaves_it_as_it_was():
    comparator = AlexNet("relu2", seed=0)
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


def executed_operations(function, *arguments):
    """Kinds of the operations in the graph that TensorFlow runs, after its optimisations."""
    context.enable_run_metadata()
    try:
        function(*arguments)
        metadata = context.export_run_metadata()
    finally:
        context.disable_run_metadata()
    graphs = [graph for group in metadata.function_graphs for graph in group.partition_graphs]
    names = [node.op for graph in graphs for node in graph.node]
    # oneDNN's own, and those that do the next operation too, are of the same kind.
    return [re.sub("^_(MklNative|Mkl)?(Fused)?", "", name) for name in names]


@pytest.mark.parametrize(("layer", "convolutions"), [("relu2", 2), ("fc6", 5)])
def test_a_training_step_computes_no_gradient_of_its_weights(layer, convolutions, request):
    comparator = request.getfixturevalue(layer)
    generator = keras.layers.Conv2D(3, 3, padding="same")
    x = images(64, 64)
    generator.build(x.shape)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((comparator(generator(x)) - tf.stop_gradient(comparator(x))) ** 2)
        return tape.gradient(loss, generator.trainable_variables)

    operations = executed_operations(step, x)
    # One for the generator. The comparator's own convolutions: two forward, one backward.
    assert sum(op.startswith("Conv2DBackpropFilter") for op in operations) == 1
    assert operations.count("Conv2D") == 1 + 3 * convolutions
    # fc6 forward twice and back to the image once.
    assert operations.count("MatMul") == (3 if layer == "fc6" else 0)


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
    mixed = AlexNet("relu2", seed=0)
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
    clone = AlexNet.from_config(relu2.get_config())
    assert (clone.name, clone.layer, clone.sha256) == (relu2.name, relu2.layer, relu2.sha256)
    model = keras.Sequential(
        [keras.Input((32, 32, 3)), AlexNet("relu2", seed=4, feature_activation="sigmoid")]
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.trainable_variables == []
    np.testing.assert_array_equal(loaded(images(32, 32)), model(images(32, 32)))


def test_needs_a_file_or_a_seed():
    with pytest.raises(InputError, match="neither"):
        AlexNet("relu2")
    with pytest.raises(InputError, match="both"):
        AlexNet("relu2", weights_file="a.pth", seed=0)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 64, 64, 3), np.uint8), "uint8; accepted: .*floating"),
        (np.zeros((1, 64, 64, 1), np.float32), r"shape \[1, 64, 64, 1\]"),
        (np.zeros((64, 64, 3), np.float32), r"shape \[64, 64, 3\]"),
        (np.zeros((1, 14, 64, 3), np.float32), "14x64 pixels; accepted: at least 15x15"),
    ],
)
def test_refuses_other_images(relu2, x, message):
    with pytest.raises(InputError, match=message):
        relu2(x)


def test_refuses_images_of_unknown_size(relu2):
    with pytest.raises(InputError, match="known size"):
        relu2(keras.Input((None, None, 3)))


@pytest.fixture(scope="module")
def torch_alexnet(tmp_path_factory):
    """PyTorch's layers in torchvision's arrangement, and files with their weights in both formats."""
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    from torch import nn

    torch.manual_seed(0)
    features = [nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)]
    features += [nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2)]
    features += [nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU()]
    features += [nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(3, 2)]
    classifier = [nn.Dropout(), nn.Linear(9216, 4096), nn.ReLU()]
    classifier += [nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)]
    parts = {"features": nn.Sequential(*features), "classifier": nn.Sequential(*classifier)}
    network = nn.ModuleDict(parts).eval()
    files = {}
    for zipped in (True, False):
        files[zipped] = tmp_path_factory.mktemp("weights") / "alexnet.pth"
        torch.save(network.state_dict(), files[zipped], _use_new_zipfile_serialization=zipped)

    def outputs(x):
        mean, std = (torch.tensor(value).reshape(1, 3, 1, 1) for value in (MEAN, STD))
        x = (torch.tensor(x).permute(0, 3, 1, 2) - mean) / std
        results = []
        with torch.no_grad():
            for module in network["features"]:
                x = module(x)
                results.append(x.permute(0, 2, 3, 1).numpy())
            x = nn.functional.adaptive_avg_pool2d(x, 6).flatten(1)
            for module in network["classifier"]:
                x = module(x)
                if not isinstance(module, nn.Dropout):
                    results.append(x.numpy())
        return dict(zip(LAYER_NAMES, results, strict=True))

    return outputs, files


def assert_close_to_torch(torch_alexnet, layer, size):
    outputs, files = torch_alexnet
    x = images(*size).numpy()
    expected = outputs(x)[layer]
    features = AlexNet(layer, weights_file=files[True])(x)
    assert features.shape == expected.shape
    np.testing.assert_allclose(features, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parity
@pytest.mark.parametrize("layer", LAYER_NAMES)
def test_every_layer_equals_pytorch(torch_alexnet, layer):
    assert_close_to_torch(torch_alexnet, layer, (64, 64))


@pytest.mark.parity
def test_both_formats_of_pytorch_hold_the_same_weights(torch_alexnet):
    _, files = torch_alexnet
    new, legacy = (load_weights(files[zipped], "fc8") for zipped in (True, False))
    assert digest(new) == digest(legacy)


@pytest.mark.parity
@pytest.mark.parametrize("size", [(224, 224), (227, 227), (63, 130)])
@pytest.mark.parametrize("layer", ["conv1", "relu2", "pool5", "fc8"])
def test_other_sizes_equal_pytorch(torch_alexnet, layer, size):
    assert_close_to_torch(torch_alexnet, layer, size)


@pytest.mark.parity
def test_the_gradient_to_the_image_equals_pytorch(torch_alexnet):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    _, files = torch_alexnet
    state = torch.load(files[True], weights_only=True)
    x = images(64, 64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_mean(AlexNet("relu2", weights_file=files[True])(x) ** 2)
    ours = tape.gradient(loss, x).numpy()
    other = torch.tensor(x.numpy()).permute(0, 3, 1, 2).requires_grad_(True)
    mean, std = (torch.tensor(value).reshape(1, 3, 1, 1) for value in (MEAN, STD))
    functional = torch.nn.functional
    y = functional.conv2d((other - mean) / std, state["features.0.weight"], state["features.0.bias"], 4, 2)
    y = functional.max_pool2d(functional.relu(y), 3, 2)
    y = functional.relu(functional.conv2d(y, state["features.3.weight"], state["features.3.bias"], 1, 2))
    (y**2).mean().backward()
    expected = other.grad.permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(ours, expected, atol=1e-5 * np.abs(expected).max())
