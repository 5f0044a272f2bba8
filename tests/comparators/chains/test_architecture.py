"""Sizes, shapes, receptive fields and weights that follow from a network's layers."""

import math

import pytest

from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.chains.caffe_alexnet import CAFFE_ALEXNET, VIDEONET
from tfdeepsim.comparators.chains.exemplar_cnn import EXEMPLAR_CNN
from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.errors import InputError


@pytest.mark.parametrize(
    ("network", "layer", "smallest"),
    [
        *((ALEXNET, layer, 7) for layer in ("conv1", "relu1")),
        *((ALEXNET, layer, 15) for layer in ("pool1", "relu2")),
        *((ALEXNET, layer, 31) for layer in ("pool2", "relu5")),
        (ALEXNET, "pool5", 63),
        (CAFFE_ALEXNET, "conv1", 11),
        (CAFFE_ALEXNET, "pool1", 15),
        (EXEMPLAR_CNN, "conv1", 1),
        (EXEMPLAR_CNN, "conv3", 4),
    ],
)
def test_minimum_size_reaches_one_position_and_one_pixel_less_does_not(network, layer, smallest):
    assert network.minimum_size(layer) == smallest
    assert network.feature_shape(layer, (smallest, smallest))[:2] == (1, 1)
    with pytest.raises(InputError, match=f"at least {smallest}x{smallest}"):
        network.feature_shape(layer, (200, smallest - 1))


def test_the_deepest_layer_decides_the_minimum_size():
    assert ALEXNET.minimum_size("pool5", "conv1") == 63


def test_feature_shapes_of_the_sizes_in_the_papers():
    # Sides of the maps of an image of 224 pixels in torchvision.
    sides = {
        "conv1": 55,
        "pool1": 27,
        "relu2": 27,
        "pool2": 13,
        "conv3": 13,
        "relu5": 13,
        "pool5": 6,
    }
    for layer, side in sides.items():
        assert ALEXNET.feature_shape(layer, (224, 224))[:2] == (side, side)
        assert CAFFE_ALEXNET.feature_shape(layer, (227, 227))[:2] == (side, side)
    assert ALEXNET.feature_shape("relu2", (64, 96)) == (7, 11, 192)
    assert ALEXNET.feature_shape("fc6", (64, 64)) == (4096,)
    assert ALEXNET.feature_shape("fc8", (224, 64)) == (1000,)
    assert EXEMPLAR_CNN.feature_shape("conv3", (64, 64)) == (16, 16, 256)
    assert EXEMPLAR_CNN.feature_shape("relu4", (32, 32)) == (512,)
    assert VIDEONET.feature_shape("fc7", (227, 227)) == (1024,)


@pytest.mark.parametrize(
    ("network", "smallest", "largest"), [(EXEMPLAR_CNN, 32, 35), (CAFFE_ALEXNET, 199, 230)]
)
def test_dense_layers_that_take_one_map_say_for_which_images(network, smallest, largest):
    layer = network.layer_names[-1]
    for size in (smallest, largest):
        network.feature_shape(layer, (size, size))
    with pytest.raises(InputError, match=f"at least {smallest}x{smallest}"):
        network.feature_shape(layer, (smallest - 1, smallest))
    with pytest.raises(InputError, match=f"{smallest}x{smallest} to {largest}x{largest}"):
        network.feature_shape(layer, (smallest, largest + 1))


def test_layers_in_their_order():
    assert ALEXNET.layer_names[:5] == ("conv1", "relu1", "pool1", "conv2", "relu2")
    assert [layer.name for layer in ALEXNET.up_to("pool1")] == ["conv1", "relu1", "pool1"]
    assert ALEXNET.up_to("conv1", "pool1", "relu1") == ALEXNET.up_to("pool1")
    assert len(ALEXNET.layer_names) == 19
    assert ALEXNET.layer_names[-2:] == CAFFE_ALEXNET.layer_names[-2:] == ("fc8", "prob")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_layers_without_weights_keep_the_number_of_channels(name):
    channels = 3
    for layer in ARCHITECTURES[name].layers:
        if layer.kind in ("relu", "pool", "lrn", "softmax"):
            assert layer.channels == channels, layer
        assert bool(layer.tensor) == (layer.kind in ("conv", "dense"))
        channels = layer.channels


def test_receptive_fields_of_the_literature():
    # The same for Caffe's and torchvision's AlexNet.
    fields = {
        "conv1": (11, 4),
        "pool1": (19, 8),
        "conv2": (51, 8),
        "pool2": (67, 16),
        "conv3": (99, 16),
    }
    fields |= {"conv4": (131, 16), "conv5": (163, 16), "pool5": (195, 32), "fc6": None, "fc8": None}
    for layer, field in fields.items():
        assert ALEXNET.receptive_field(layer) == CAFFE_ALEXNET.receptive_field(layer) == field
    assert EXEMPLAR_CNN.receptive_field("conv3") == (32, 4)


def parameters(network):
    return sum(
        math.prod(shape) for shape in network.tensor_shapes(network.layer_names[-1]).values()
    )


def test_tensor_shapes_are_those_of_the_files():
    shapes = ALEXNET.tensor_shapes("fc8")
    assert len(shapes) == 16
    assert shapes["features.0.weight"] == (64, 3, 11, 11)
    assert shapes["features.10.weight"] == (256, 256, 3, 3)
    assert shapes["classifier.1.weight"] == (4096, 9216)
    assert shapes["classifier.6.bias"] == (1000,)
    # The numbers of parameters that torchvision and Caffe's authors state.
    assert parameters(ALEXNET) == 61_100_840
    assert parameters(CAFFE_ALEXNET) == 60_965_224
    # Each group sees half of the channels.
    assert CAFFE_ALEXNET.tensor_shapes("conv2")["conv2.weight"] == (256, 48, 5, 5)
    assert EXEMPLAR_CNN.tensor_shapes("fc4")["fc4.weight"] == (512, 256 * 8 * 8)


def test_tensors_up_to_the_deepest_of_several_layers():
    assert ALEXNET.tensor_shapes("conv1", "relu2") == ALEXNET.tensor_shapes("conv2")
    assert list(ALEXNET.tensor_shapes("pool1")) == ["features.0.weight", "features.0.bias"]


def test_fits_the_map_and_the_classes_of_a_file():
    fitted = ALEXNET.fitted({"classifier.1.weight": (4096, 256), "classifier.6.weight": (10, 4096)})
    assert fitted.pooled == 1
    assert fitted.tensor_shapes("fc8")["classifier.1.weight"] == (4096, 256)
    assert fitted.tensor_shapes("fc8")["classifier.6.bias"] == (10,)
    assert fitted.feature_shape("fc8", (64, 64)) == (10,)
    assert fitted.feature_shape("prob", (64, 64)) == (10,)
    assert fitted.up_to("relu7") == ALEXNET.up_to("relu7")
    smaller = EXEMPLAR_CNN.fitted({"fc4.weight": (300, 256 * 5 * 5)})
    assert smaller.feature_shape("relu4", (20, 20)) == (300,)


@pytest.mark.parametrize(
    "shapes",
    [
        {},
        {"features.0.weight": (64, 3, 11, 11)},
        # A map that is no square, less than one position, no classes, no matrix.
        {"classifier.1.weight": (4096, 256 * 7)},
        {"classifier.1.weight": (4096, 255)},
        {"classifier.1.weight": (4096, 0)},
        {"classifier.6.weight": (0, 4096)},
        {"classifier.1.weight": (4096,), "classifier.6.weight": (10, 4096, 1)},
    ],
)
def test_what_fits_no_network_changes_nothing(shapes):
    assert ALEXNET.fitted(shapes) == ALEXNET


def test_unknown_layer_lists_the_known():
    for ask in (ALEXNET.minimum_size, ALEXNET.tensor_shapes, ALEXNET.receptive_field):
        with pytest.raises(InputError, match=r"'conv9'; accepted: conv1, .*fc8"):
            ask("conv9")
