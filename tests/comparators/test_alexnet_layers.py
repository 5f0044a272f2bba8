import subprocess
import sys

import pytest

from tfdeepsim.comparators.alexnet_layers import (
    LAYER_NAMES,
    feature_shape,
    layers_to,
    minimum_size,
    tensor_shapes,
)
from tfdeepsim.errors import InputError


@pytest.mark.parametrize(
    ("layer", "smallest"),
    [("conv1", 7), ("relu1", 7), ("pool1", 15), ("relu2", 15), ("pool2", 31), ("relu5", 31), ("pool5", 63)],
)
def test_minimum_size_reaches_one_position_and_one_pixel_less_does_not(layer, smallest):
    assert minimum_size(layer) == smallest
    assert feature_shape(layer, (smallest, smallest))[:2] == (1, 1)
    with pytest.raises(InputError, match=f"at least {smallest}x{smallest}"):
        feature_shape(layer, (200, smallest - 1))


def test_feature_shapes_of_the_sizes_in_the_papers():
    # 224 gives 55, 27, 13, 6 positions a side in torchvision.
    sides = {"conv1": 55, "pool1": 27, "relu2": 27, "pool2": 13, "conv3": 13, "relu5": 13, "pool5": 6}
    for layer, side in sides.items():
        assert feature_shape(layer, (224, 224))[:2] == (side, side)
    assert feature_shape("relu2", (64, 96)) == (7, 11, 192)
    assert feature_shape("fc6", (64, 64)) == (4096,)
    assert feature_shape("fc8", (224, 64)) == (1000,)


def test_layers_in_their_order():
    assert LAYER_NAMES[:5] == ("conv1", "relu1", "pool1", "conv2", "relu2")
    assert [layer.name for layer in layers_to("pool1")] == ["conv1", "relu1", "pool1"]
    assert len(LAYER_NAMES) == 18


def test_tensor_shapes_are_those_of_torchvision():
    shapes = tensor_shapes("fc8")
    assert len(shapes) == 16
    assert shapes["features.0.weight"] == (64, 3, 11, 11)
    assert shapes["features.10.weight"] == (256, 256, 3, 3)
    assert shapes["classifier.1.weight"] == (4096, 9216)
    assert shapes["classifier.6.bias"] == (1000,)
    # The number of parameters that torchvision states for its AlexNet.
    total = 0
    for shape in shapes.values():
        count = 1
        for size in shape:
            count *= size
        total += count
    assert total == 61_100_840


def test_unknown_layer_lists_the_known():
    with pytest.raises(InputError, match=r"'conv9'; accepted: conv1, .*fc8"):
        minimum_size("conv9")


def test_checks_are_light():
    code = "import sys, tfdeepsim.comparators; print({'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
