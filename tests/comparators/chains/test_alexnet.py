"""AlexNet against PyTorch's layers with the same weights."""

import io
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.weights.load import digest, load_weights

PHOTOGRAPHS = Path(__file__).parents[4] / "shared" / "data" / "imagenet_sample_jpeg.zip"


def images(*size, batch=2, seed=0):
    return tf.constant(np.random.default_rng(seed).random((batch, *size, 3)), tf.float32)


@pytest.fixture(scope="module")
def torch_alexnet(tmp_path_factory):
    """PyTorch's layers in torchvision's arrangement, and files with their weights in both
    formats."""
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
        mean, std = (
            torch.tensor(value).reshape(1, 3, 1, 1) for value in (ALEXNET.mean, ALEXNET.std)
        )
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
            results.append(torch.softmax(x, 1).numpy())
        return dict(zip(ALEXNET.layer_names, results, strict=True))

    return outputs, files


def assert_close_to_torch(torch_alexnet, layer, size):
    outputs, files = torch_alexnet
    x = images(*size).numpy()
    expected = outputs(x)[layer]
    features = ChainComparator("alexnet", [layer], weights_file=files[True])(x)
    assert features.shape == expected.shape
    np.testing.assert_allclose(features, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parity
@pytest.mark.parametrize("layer", ALEXNET.layer_names)
def test_every_layer_equals_pytorch(torch_alexnet, layer):
    assert_close_to_torch(torch_alexnet, layer, (64, 64))


@pytest.mark.parity
def test_both_formats_of_pytorch_hold_the_same_weights(torch_alexnet):
    _, files = torch_alexnet
    new, legacy = (load_weights(files[zipped], ALEXNET, ["fc8"]) for zipped in (True, False))
    assert new.sha256 == legacy.sha256 == digest(new.tensors)


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
        loss = tf.reduce_mean(
            ChainComparator("alexnet", ["relu2"], weights_file=files[True])(x) ** 2
        )
    ours = tape.gradient(loss, x).numpy()
    other = torch.tensor(x.numpy()).permute(0, 3, 1, 2).requires_grad_(True)
    mean, std = (torch.tensor(value).reshape(1, 3, 1, 1) for value in (ALEXNET.mean, ALEXNET.std))
    functional = torch.nn.functional
    y = functional.conv2d(
        (other - mean) / std, state["features.0.weight"], state["features.0.bias"], 4, 2
    )
    y = functional.max_pool2d(functional.relu(y), 3, 2)
    y = functional.relu(
        functional.conv2d(y, state["features.3.weight"], state["features.3.bias"], 1, 2)
    )
    (y**2).mean().backward()
    expected = other.grad.permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(ours, expected, atol=1e-5 * np.abs(expected).max())


@pytest.fixture(scope="module")
def photographs():
    """Six photographs, [6, 224, 224, 3] in [0, 1]."""
    if not PHOTOGRAPHS.is_file():
        pytest.skip(f"reads photographs in {PHOTOGRAPHS}")
    with zipfile.ZipFile(PHOTOGRAPHS) as archive:
        files = [io.BytesIO(archive.read(name)) for name in sorted(archive.namelist())[:6]]
    pixels = [np.asarray(PIL.Image.open(file).convert("RGB").resize((224, 224))) for file in files]
    return np.stack(pixels).astype(np.float32) / 255


@pytest.mark.parity
def test_class_scores_of_photographs_equal_pytorch(torch_alexnet, photographs):
    outputs, files = torch_alexnet
    expected = outputs(photographs)["fc8"]
    scores = ChainComparator("alexnet", ["fc8"], weights_file=files[True])(photographs).numpy()
    assert np.ptp(expected, axis=0).max() > 1e-3  # else a constant would do
    np.testing.assert_allclose(scores, expected, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_array_equal(scores.argmax(1), expected.argmax(1))


@pytest.mark.parity
def test_several_layers_equal_pytorch(torch_alexnet):
    outputs, files = torch_alexnet
    layers = "conv1", "relu2", "pool5", "fc8"
    x = images(64, 64).numpy()
    expected = outputs(x)
    found = ChainComparator("alexnet", layers, weights_file=files[True])(x)
    for layer, features in zip(layers, found, strict=True):
        np.testing.assert_allclose(
            features, expected[layer], atol=1e-5 * np.abs(expected[layer]).max()
        )


@pytest.mark.parity
def test_a_network_of_another_map_and_other_classes_equals_pytorch(torch_alexnet, tmp_path):
    """As if it was trained on images of 64 pixels and 10 classes: its dense layers take a map of
    one position."""
    safetensors = pytest.importorskip("safetensors.numpy", reason="writes .safetensors")
    outputs, files = torch_alexnet
    weights = dict(load_weights(files[True], ALEXNET, ["fc8"]).tensors)
    weights["classifier.1.weight"] = np.ascontiguousarray(weights["classifier.1.weight"][:, ::36])
    weights |= {name: weights[name][:10] for name in ("classifier.6.weight", "classifier.6.bias")}
    safetensors.save_file(weights, tmp_path / "a.safetensors")
    x = images(64, 64).numpy()
    pool5 = outputs(x)["pool5"]
    assert pool5.shape == (2, 1, 1, 256)
    expected = pool5[:, 0, 0]
    for name in ("classifier.1", "classifier.4", "classifier.6"):
        expected = expected @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
        expected = np.maximum(expected, 0) if name != "classifier.6" else expected
    scores = ChainComparator("alexnet", ["fc8"], weights_file=tmp_path / "a.safetensors")(x)
    np.testing.assert_allclose(scores, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parity
def test_raw_pixels_equal_pytorch_without_mean_and_deviation(torch_alexnet):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    _, files = torch_alexnet
    state = torch.load(files[True], weights_only=True)
    functional = torch.nn.functional
    x = images(64, 64).numpy()
    y = torch.tensor(x).permute(0, 3, 1, 2)
    y = functional.conv2d(y, state["features.0.weight"], state["features.0.bias"], 4, 2)
    y = functional.max_pool2d(functional.relu(y), 3, 2)
    y = functional.conv2d(y, state["features.3.weight"], state["features.3.bias"], 1, 2)
    expected = torch.sigmoid(functional.relu(y)).permute(0, 2, 3, 1).numpy()
    raw = ChainComparator(
        "alexnet",
        ["relu2"],
        weights_file=files[True],
        comparator_input="raw",
        feature_activation="sigmoid",
    )
    np.testing.assert_allclose(raw(x), expected, atol=1e-5)
