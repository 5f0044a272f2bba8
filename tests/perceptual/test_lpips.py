"""LPIPS is that of Zhang et al. 2018."""

import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from tfdeepsim.comparators.weights.bundled import bundled_file
from tfdeepsim.errors import InputError
from tfdeepsim.files import sha256_of
from tfdeepsim.perceptual.lpips import LPIPS, NETWORKS, channel_weights

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "tests/comparators/lpips_reference"
VGG16 = ROOT.parent / "shared/data/weights/vgg16_imagenet_features.safetensors"


def picture(name):
    pixels = PIL.Image.open(PICTURES / f"ex_{name}.png").convert("RGB")
    return np.asarray(pixels, np.float32)[None] / 255


@pytest.fixture(scope="module")
def alexnet():
    return LPIPS("alexnet")


@pytest.mark.parametrize(("name", "expected"), [("p0", 0.722), ("p1", 0.138)])
def test_distances_are_those_that_the_authors_publish(alexnet, name, expected):
    assert float(alexnet(picture("ref"), picture(name))) == pytest.approx(expected, abs=1e-3)


# By the authors' code, see test_lpips_parity.py; they publish no distances of VGG16.
@pytest.mark.parametrize(("name", "expected"), [("p0", 0.569), ("p1", 0.422)])
def test_distances_of_vgg16(name, expected):
    if not VGG16.is_file():
        pytest.skip(f"needs {VGG16.name}")
    vgg16 = LPIPS("vgg16", weights=VGG16)
    assert vgg16.name == "lpips_vgg16"
    assert float(vgg16(picture("ref"), picture(name))) == pytest.approx(expected, abs=1e-3)
    assert LPIPS.from_config(vgg16.get_config()).comparator.sha256 == vgg16.comparator.sha256


def test_a_map_has_the_size_of_the_images_and_nearly_the_same_mean(alexnet):
    one, other = picture("ref")[:, :40], picture("p0")[:, :40]
    spatial = LPIPS(spatial=True, reduction="none")(one, other).numpy()
    assert spatial.shape == (1, 40, 64)
    assert spatial.min() >= 0
    assert spatial.std() > 0.01
    assert spatial.mean() == pytest.approx(float(alexnet(one, other)), rel=0.05)


def test_a_map_shows_where_images_differ():
    one = picture("ref")
    other = one.copy()
    other[:, :16, :16] = 0
    (spatial,) = LPIPS(spatial=True, reduction="none")(one, other).numpy()
    assert spatial[:16, :16].mean() > 10 * spatial[40:, 40:].mean()


def test_flat_images_have_a_finite_gradient(alexnet):
    import tensorflow as tf

    flat = tf.zeros((1, 32, 32, 3))
    with tf.GradientTape() as tape:
        tape.watch(flat)
        distance = alexnet(np.ones((1, 32, 32, 3), "f"), flat)
    assert np.isfinite(tape.gradient(distance, flat)).all()


@pytest.mark.parametrize("network", NETWORKS)
def test_the_weights_of_channels_come_with_the_package(network):
    file = bundled_file(f"lpips_{network}")
    card = json.loads(file.with_suffix(".json").read_text())
    assert card["sha256"] == sha256_of(file)
    assert card["licence"] == "BSD-2-Clause"
    weights = channel_weights(network)
    assert sum(part.size for part in weights) == {"alexnet": 1152, "vgg16": 1472}[network]
    assert all((part >= 0).all() for part in weights)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("squeezenet",), "one of its networks: got 'squeezenet'; accepted: alexnet, vgg16"),
        (("vgg16",), "LPIPS of vgg16 needs torchvision's weights.* got none; .*weights=FILE"),
        (("vgg16", "vgg16.weights.h5"), "torchvision's weights; .*got vgg16.weights.h5"),
        (("alexnet", "missing.pth"), "weights must be a file: got no file /.*missing.pth"),
    ],
)
def test_bad_input(arguments, message):
    network, *weights = arguments
    with pytest.raises(InputError, match=message) as error:
        LPIPS(network, weights=weights[0] if weights else None)
    assert "\n" not in str(error.value)
