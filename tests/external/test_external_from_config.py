"""The networks that `--invert` may name."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators import make_comparator
from tfdeepsim.comparators.weights import read_once
from tfdeepsim.comparators.weights.read_once import ReadOnce
from tfdeepsim.errors import InputError
from tfdeepsim.external import external_features
from tfdeepsim.external.external_features import ExternalFeatures
from tfdeepsim.external.from_config import check_extractor, make_extractor

IMAGES = tf.random.stateless_uniform((2, 32, 32, 3), (0, 1))


@pytest.fixture
def net(tmp_path):
    """A SavedModel that returns the mean colour of images of 32x32 pixels."""
    module = tf.Module()
    module.embed = tf.function(
        lambda images: tf.reduce_mean(images, [1, 2]),
        input_signature=[tf.TensorSpec((None, 32, 32, 3), tf.float32)],
    )
    tf.saved_model.save(module, str(tmp_path / "net"))
    return str(tmp_path / "net")


def test_a_comparator_by_its_layer():
    check_extractor("random_alexnet:relu2", (32, 32, 3))
    extractor = make_extractor("random_alexnet:relu2", seed=3)
    expected = make_comparator("random_alexnet:relu2", seed=3)
    np.testing.assert_array_equal(extractor(IMAGES), expected(IMAGES))
    assert extractor.sha256 == expected.sha256 != make_extractor("random_alexnet:relu2").sha256


def test_a_path(net):
    check_extractor(net, (32, 32, 3))
    extractor = make_extractor(net, external_range="0-255")
    assert isinstance(extractor, ExternalFeatures)
    np.testing.assert_allclose(extractor(IMAGES), 255 * tf.reduce_mean(IMAGES, [1, 2]), rtol=1e-5)


def test_a_comparator_and_a_network_have_the_same_interface(net):
    for extractor in (make_extractor("random_alexnet:relu2"), make_extractor(net)):
        (shape,) = extractor.feature_shapes((32, 32))
        assert extractor(IMAGES).shape == (2, *shape)
        assert extractor(IMAGES).dtype == tf.float32
        assert extractor.layers == (extractor.layer,)
        assert extractor.input_range == (0.0, 1.0)
        assert len(extractor.sha256) == 64
        assert extractor.source


@pytest.mark.parametrize(
    ("invert", "options", "message"),
    [
        ("alexnet", {}, r"alexnet needs its layers as alexnet:LAYER"),
        ("keras:VGG16", {}, r"keras:VGG16 needs its layers"),
        ("alexnet:relu9", {}, r"got 'alexnet:relu9'; accepted: conv1, relu1"),
        (
            "random_alexnet:relu1+relu2",
            {},
            r"--invert takes .* one layer.*e\.g\. random_alexnet:relu2",
        ),
        ("keras:VGG16:a+b", {}, r"--invert takes .* one layer.*keras:VGG16:LAYER"),
        ("random_alexnet:relu2", {"weights": "file"}, "draws its weights from the seed"),
        ("videonet:relu2", {}, r"needs its trained weights.*accepted: --invert-weights FILE"),
        (
            "random_alexnet:relu2",
            {"external_range": "0-255"},
            "--external-range is for external networks",
        ),
        ("random_alexnet:relu2", {"external_range": "0-7"}, r"input range .* must be known"),
        ("resnet:relu2", {}, r"--invert .*'resnet:relu2', which does not.*alexnet:LAYER.*\.keras"),
        (
            "runs/none",
            {},
            r"--invert .*'runs/none', which does not exist.*keras:MODEL:LAYER; or a Saved",
        ),
    ],
)
def test_what_is_refused(invert, options, message):
    for check in (
        lambda: check_extractor(invert, (32, 32, 3), **options),
        lambda: make_extractor(invert, **options),
    ):
        with pytest.raises(InputError, match=message) as caught:
            check()
        assert "\n" not in str(caught.value)


def test_a_run_loads_and_hashes_an_external_network_once(net, monkeypatch):
    loads, hashes = [], []
    load, sha256_of = external_features.load_saved_model, read_once.sha256_of
    monkeypatch.setattr(
        external_features, "load_saved_model", lambda path: loads.append(path) or load(path)
    )
    monkeypatch.setattr(read_once, "sha256_of", lambda path: hashes.append(path) or sha256_of(path))
    monkeypatch.setattr(external_features, "_LOADED", ReadOnce(1))
    monkeypatch.setattr(read_once, "_DIGESTS", ReadOnce(1))
    check_extractor(net, (32, 32, 3))
    extractor = make_extractor(net)
    in_bytes = make_extractor(net, external_range="0-255")
    assert [str(path) for path in loads] == [str(path) for path in hashes] == [net]
    np.testing.assert_allclose(in_bytes(IMAGES), 255 * extractor(IMAGES), rtol=1e-5)
    # Variables of a strategy are created on its devices.
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        make_extractor(net)
    assert len(loads) == 2


def test_an_external_network_takes_no_weights(net):
    with pytest.raises(
        InputError, match=r"--invert-weights is for comparators: got w\.npy with --invert"
    ):
        make_extractor(net, weights="w.npy")


def test_images_must_suit(net):
    with pytest.raises(InputError, match=r"channels.*got 1 for .*net; accepted: 3"):
        check_extractor(net, (32, 32, 1))
    with pytest.raises(InputError, match="8x8"):
        check_extractor("random_alexnet:relu2", (8, 8, 3))


def test_a_comparator_is_checked_without_tensorflow():
    code = (
        "import sys\n"
        "from tfdeepsim.external.from_config import check_extractor\n"
        "check_extractor('random_alexnet:relu2', (64, 64, 3))\n"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
