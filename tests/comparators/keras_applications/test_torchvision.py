"""VGG16 and VGG19 from files in torchvision's layout, against PyTorch."""

from pathlib import Path

import keras
import numpy as np
import pytest
from handmade_checkpoint import write_arrays
from safetensors.numpy import load_file, save_file

from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.comparators.keras_applications.torchvision import is_torchvision_file
from tfdeepsim.errors import InputError

GENUINE = Path(__file__).parents[4] / "shared/data/weights/vgg16_imagenet_features.safetensors"
# Channels of the convolutions of each block.
BLOCKS = {
    "VGG16": ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3),
    "VGG19": ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
}
SHALLOW = "block1_conv2+block2_conv2"


def steps(name):
    """Name and channels of each layer of torchvision's `features`; ReLUs belong to the convolution
    before them, whose features Keras returns after them."""
    for block, channels in enumerate(BLOCKS[name], 1):
        for number, count in enumerate(channels, 1):
            yield f"block{block}_conv{number}", count
        yield f"block{block}_pool", None


def write_random(name, path, depth=5, seed=0):
    """Write random convolutions of the first blocks in torchvision's layout."""
    rng = np.random.default_rng(seed)
    tensors, index, inputs = {}, 0, 3
    for layer, channels in steps(name):
        if int(layer[5]) > depth:
            break
        if channels is None:
            index += 1
            continue
        kernel = rng.normal(0, np.sqrt(2 / (9 * inputs)), (channels, inputs, 3, 3))
        tensors[f"features.{index}.weight"] = kernel.astype(np.float32)
        tensors[f"features.{index}.bias"] = rng.normal(0, 0.1, channels).astype(np.float32)
        index, inputs = index + 2, channels
    if path.suffix == ".pth":
        write_arrays(path, **{key.replace(".", "__"): value for key, value in tensors.items()})
    else:
        save_file(tensors, path)
    return path


@pytest.fixture(scope="module")
def pytorch():
    """A function from a network's name, its tensors and images to the features of each layer."""
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    from torch import nn

    def features(name, tensors, x):
        modules, inputs = [], 3
        for _, channels in steps(name):
            if channels is None:
                modules.append(nn.MaxPool2d(2, 2))
            else:
                modules += [nn.Conv2d(inputs, channels, 3, padding=1), nn.ReLU()]
                inputs = channels
        state = {
            key.removeprefix("features."): torch.tensor(np.float32(value))
            for key, value in tensors.items()
        }
        network = nn.Sequential(*modules)
        network.load_state_dict(state, strict=True)
        mean, std = (
            torch.tensor(value).reshape(1, 3, 1, 1)
            for value in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        )
        y = (torch.tensor(x).permute(0, 3, 1, 2) - mean) / std
        found, names = {}, iter(layer for layer, _ in steps(name))
        with torch.no_grad():
            for module in network:
                y = module(y)
                if not isinstance(module, nn.Conv2d):
                    found[next(names)] = y.permute(0, 2, 3, 1).numpy()
        return found

    return features


def pixels(*size, seed=0):
    return np.random.default_rng(seed).random((2, *size, 3), np.float32)


def assert_equal(comparator, x, expected):
    for layer, found in zip(comparator.layers, comparator(x), strict=True):
        scale = np.abs(expected[layer]).max()
        assert scale > 0
        np.testing.assert_allclose(found, expected[layer], rtol=0, atol=1e-4 * scale, err_msg=layer)


@pytest.mark.parity
@pytest.mark.parametrize("name", BLOCKS)
def test_every_layer_equals_pytorch(name, pytorch, tmp_path):
    path = write_random(name, tmp_path / "random.safetensors")
    layers = "+".join(layer for layer, _ in steps(name))
    x = pixels(48, 33)
    assert_equal(
        make_comparator(f"keras:{name}:{layers}", path), x, pytorch(name, load_file(path), x)
    )


@pytest.mark.parity
def test_the_genuine_file_equals_pytorch(pytorch):
    if not GENUINE.is_file():
        pytest.skip(f"reads {GENUINE}")
    x = pixels(64, 64)
    comparator = make_comparator(f"keras:VGG16:{SHALLOW}+block5_conv3", GENUINE)
    assert comparator.saw_labels == "ImageNet-1k"
    assert_equal(comparator, x, pytorch("VGG16", load_file(GENUINE), x))


def plain(tensors, x):
    """VGG's first two convolutions by loops over the window, on pixels scaled as torchvision's."""
    x = (x - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    for index in (0, 2):
        kernel, bias = tensors[f"features.{index}.weight"], tensors[f"features.{index}.bias"]
        height, width = x.shape[1:3]
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        x = np.maximum(
            bias
            + sum(
                padded[:, i : i + height, j : j + width] @ kernel[:, :, i, j].T
                for i in range(3)
                for j in range(3)
            ),
            0,
        )
    return x


@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_pixels_are_scaled_as_the_weights_were_trained(tmp_path, ending):
    path = write_random("VGG16", tmp_path / f"random.{ending}", depth=1)
    x = pixels(8, 11)
    expected = plain(load_file(write_random("VGG16", tmp_path / "same.safetensors", 1)), x)
    found = make_comparator("keras:VGG16:block1_conv2", path)(x)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_keras_own_files_keep_their_scaling(tmp_path):
    network = keras.applications.VGG16(weights=None, include_top=False)
    network.save_weights(tmp_path / "own.weights.h5")
    x = pixels(16, 16)
    found = make_comparator("keras:VGG16:block1_conv1", tmp_path / "own.weights.h5")(x)
    layer = keras.Model(network.input, network.get_layer("block1_conv1").output)
    expected = layer(keras.applications.vgg16.preprocess_input(255 * x))
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_the_record_names_file_and_weights(tmp_path):
    one, other = (tmp_path / f"{name}.safetensors" for name in ("one", "other"))
    for path, seed in ((one, 0), (other, 1)):
        write_random("VGG16", path, depth=1, seed=seed)
    comparators = [make_comparator("keras:VGG16:block1_pool", path) for path in (one, other, one)]
    assert comparators[0].source == str(one)
    assert comparators[0].sha256 == comparators[2].sha256 != comparators[1].sha256
    assert comparators[0].saw_labels == "unknown"


def test_a_comparator_is_built_again_from_its_config(tmp_path):
    path = write_random("VGG16", tmp_path / "random.safetensors", depth=1)
    comparator = make_comparator("keras:VGG16:block1_conv2", path)
    x = pixels(8, 8)
    clone = type(comparator).from_config(comparator.get_config())
    np.testing.assert_array_equal(clone(x), comparator(x))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("keras:VGG16:block2_conv1", r"up to block2_conv1: got no features\.5\.weight"),
        ("keras:VGG16:fc1", "VGG16 without its classifier has no such layer: got 'fc1'"),
        ("keras:VGG16:block9_conv1", "no such layer: got 'block9_conv1'"),
        ("keras:ResNet50:conv1_conv", "got a name with another ending"),
    ],
)
def test_a_layer_behind_the_file_is_one_line(tmp_path, spec, message):
    path = write_random("VGG16", tmp_path / "random.safetensors", depth=1)
    for call in (
        lambda: check_comparator(spec, (32, 32, 3), path),
        lambda: make_comparator(spec, path),
    ):
        with pytest.raises(InputError, match=message) as error:
            call()
        assert "\n" not in str(error.value)
    check_comparator("keras:VGG16:block1_pool", (32, 32, 3), path)


def test_other_shapes_and_numbers_are_refused(tmp_path):
    path = write_random("VGG16", tmp_path / "random.safetensors", depth=1)
    tensors = load_file(path)
    save_file(
        tensors | {"features.2.weight": np.zeros((64, 64, 5, 5), "f")}, tmp_path / "5.safetensors"
    )
    with pytest.raises(InputError, match=r"features\.2\.weight of shape \[64, 64, 5, 5\]"):
        check_comparator("keras:VGG16:block1_conv2", None, tmp_path / "5.safetensors")
    tensors["features.0.bias"][3] = np.nan
    save_file(tensors, tmp_path / "nan.safetensors")
    with pytest.raises(InputError, match=r"NaN or infinity in features\.0\.bias"):
        check_comparator("keras:VGG16:block1_conv2", None, tmp_path / "nan.safetensors")


def test_only_vgg_networks_have_files_in_this_layout():
    assert is_torchvision_file("VGG16", "a.safetensors")
    assert is_torchvision_file("VGG19", "vgg19-dcbb9e9d.pth")
    assert not is_torchvision_file("VGG16", "vgg16.weights.h5")
    assert not is_torchvision_file("ResNet50", "resnet50.pth")
