"""The bundled AlexNet is ImageNet's: it gives the distances that LPIPS' authors publish."""

import json
import shlex
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from safetensors.numpy import load_file

from tfdeepsim.comparators import make_comparator
from tfdeepsim.comparators.__main__ import main as pack
from tfdeepsim.comparators.weights.bundled import bundled_file
from tfdeepsim.files import sha256_of

ROOT = Path(__file__).parents[2]
PICTURES = Path(__file__).with_name("lpips_reference")
ORIGINAL = ROOT.parent / "shared/data/weights/alexnet_imagenet_features.safetensors"
LAYERS = "relu1+relu2+relu3+relu4+relu5"
# LPIPS maps images to [-1, 1] and subtracts and divides by these; so does the comparator, nearly.
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


def picture(name):
    pixels = PIL.Image.open(PICTURES / f"ex_{name}.png").convert("RGB")
    return np.asarray(pixels, np.float32)[None] / 255


def lpips(comparator, weights, one, other):
    """The distance of Zhang et al. 2018: mean over positions of the weighted squared differences of
    features of unit length, summed over layers."""
    pairs = zip(comparator(one), comparator(other), strict=True)
    return sum(
        float(tf.reduce_mean(tf.reduce_sum((x - y) ** 2 * weights[f"alex.lin{layer}"], -1)))
        for layer, (x, y) in enumerate(pairs)
    )


@pytest.fixture(scope="module")
def weights():
    return load_file(bundled_file("lpips_alexnet"))


@pytest.mark.parametrize(("name", "expected"), [("p0", 0.722), ("p1", 0.138)])
def test_distances_are_those_of_lpips_with_the_bundled_float16_weights(weights, name, expected):
    comparator = make_comparator(f"alexnet:{LAYERS}", feature_normalization="channel")
    assert comparator.source.startswith("bundled (ImageNet-1k")
    distance = lpips(comparator, weights, picture("ref"), picture(name))
    assert distance == pytest.approx(expected, abs=1e-3)


def test_random_weights_give_other_distances(weights):
    comparator = make_comparator(f"random_alexnet:{LAYERS}", feature_normalization="channel")
    assert abs(lpips(comparator, weights, picture("ref"), picture("p0")) - 0.722) > 0.1


def test_scaling_is_that_of_lpips_up_to_rounding():
    architecture = make_comparator("alexnet:conv1").architecture
    np.testing.assert_allclose(architecture.mean, (np.array(SHIFT) + 1) / 2, atol=1e-3)
    np.testing.assert_allclose(architecture.std, np.array(SCALE) / 2, atol=1e-3)


def test_the_command_on_the_card_reproduces_the_file(tmp_path, monkeypatch):
    if not ORIGINAL.is_file():
        pytest.skip(f"packs {ORIGINAL}")
    bundled = bundled_file("alexnet")
    card = json.loads(bundled.with_suffix(".json").read_text())
    python, dash, module, name, *flags = shlex.split(card["command"])
    assert (python, dash, module) == ("python", "-m", "tfdeepsim.comparators")
    assert name == card["source_file"] == ORIGINAL.name
    assert sha256_of(ORIGINAL) == card["source_sha256"]
    (tmp_path / name).symlink_to(ORIGINAL)
    monkeypatch.chdir(tmp_path)
    assert pack([name, *flags]) == 0
    assert (tmp_path / bundled.name).read_bytes() == bundled.read_bytes()
    assert json.loads((tmp_path / "alexnet.json").read_text()) == card
