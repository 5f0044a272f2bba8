"""The spelling of comparators."""

import pytest

from tfdeepsim.comparators.spec import ARCHITECTURES, Spec, layer_weights, parse
from tfdeepsim.errors import InputError


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_layer_of_every_network_has_a_spelling(name):
    layers = ARCHITECTURES[name].layer_names
    for layer in layers:
        assert parse(f"{name}:{layer}") == Spec(name, (layer,))
    assert parse(f"{name}:{'+'.join(layers)}").layers == layers


def test_layers_keep_their_order():
    assert parse("alexnet:pool5+conv1").layers == ("pool5", "conv1")


def test_names_of_keras_networks_hold_a_colon():
    spec = parse("keras:VGG16:block2_conv2+block1_pool")
    assert spec == Spec("keras:VGG16", ("block2_conv2", "block1_pool"))
    assert spec.keras_model == "VGG16"
    assert parse("alexnet:conv1").keras_model is None


@pytest.mark.parametrize("path", ["net.keras", "a:b/net.keras", r"C:\runs\net.keras", "a+b.keras"])
def test_paths_may_hold_colons(path):
    spec = parse(f"external:{path}:block1+block2")
    assert spec == Spec(f"external:{path}", ("block1", "block2"))
    assert (spec.keras_file, spec.keras_model) == (path, None)
    assert parse("alexnet:conv1").keras_file is None


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "vgg:relu2",
            "unknown comparator: got 'vgg:relu2'; accepted: alexnet:LAYER, random_alexnet:LAYER",
        ),
        ("", "unknown comparator"),
        (":relu2", "unknown comparator"),
        ("a:b:c", "unknown comparator"),
        ("keras::conv1", "unknown comparator: got 'keras::conv1'; accepted: .*keras:MODEL:LAYER"),
        ("keras:VGG16", r"keras:VGG16 needs its layers .*accepted: names of layers"),
        ("keras:VGG16:", "names of layers"),
        ("keras:VGG16:a++b", "names of layers"),
        (
            "random_alexnet",
            "as random_alexnet:LAYER .*: got 'random_alexnet'; accepted: conv1, relu1, .*fc8",
        ),
        ("random_alexnet:", "accepted: conv1"),
        ("random_alexnet:relu9", "got 'random_alexnet:relu9'; accepted: conv1, relu1"),
        ("alexnet:relu1+", r"got 'alexnet:relu1\+'; accepted: conv1"),
        ("alexnet:relu1+norm1", "accepted: conv1"),
        ("caffe_alexnet:norm3", "accepted: conv1, relu1, norm1"),
        ("external:", "a .keras file and its layers"),
        ("external:net.keras", "got 'external:net.keras'; accepted: external:FILE.keras:LAYER"),
        (r"external:C:\net.keras", "accepted: external:FILE.keras:LAYER"),
        ("external:net.h5:conv1", "a .keras file and its layers"),
        ("external:.keras:", "names of layers"),
        ("videonet:fc8", "accepted: .*fc6, relu6, fc7$"),
        # Networks without classes.
        ("videonet:prob", "got 'videonet:prob'; accepted: .*relu6, fc7$"),
        ("exemplar_cnn:prob", "got 'exemplar_cnn:prob'; accepted: .*fc4, relu4$"),
        ("exemplar_cnn:fc6", "accepted: .*fc4, relu4$"),
        ("alexnet:relu1+relu2+relu1", "each layer counts once"),
    ],
)
def test_refuses_other_spellings(spec, message):
    with pytest.raises(InputError, match=message) as error:
        parse(spec)
    assert "\n" not in str(error.value)


def test_layer_weights():
    assert layer_weights(None, ["conv1", "relu2"]) == (1.0, 1.0)
    assert layer_weights("0.5,2e-3", ["conv1", "relu2"]) == (0.5, 0.002)
    assert layer_weights(" 3 ", ["conv1"]) == (3.0,)


@pytest.mark.parametrize(
    "text", ["", "1", "1,2,3", "1,x", "1,", "0,1", "-1,1", "nan,1", "inf,1", "1;2"]
)
def test_refuses_other_layer_weights(text):
    with pytest.raises(
        InputError, match=r"number from 1e-12 to 1e12 for each layer.*conv1\+relu2; accepted: 1,1"
    ):
        layer_weights(text, ["conv1", "relu2"])
