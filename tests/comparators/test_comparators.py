"""Comparators by their spelling, checked and built; checking loads no more than it needs."""

import subprocess
import sys

import pytest
from handmade_checkpoint import write_arrays

from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.input_scaling import input_warning
from tfdeepsim.comparators.weights.load import random_weights
from tfdeepsim.errors import InputError


@pytest.fixture(autouse=True)
def no_bundled_weights(tmp_path, monkeypatch):
    """Without the weights that come with the package."""
    monkeypatch.setattr(
        "tfdeepsim.comparators.weights.bundled.BUNDLED_FOLDERS", (tmp_path / "none",)
    )


@pytest.fixture
def weights_file(tmp_path):
    weights = random_weights(ALEXNET.tensor_shapes("conv1"), seed=5)
    write_arrays(
        tmp_path / "a.pth", **{name.replace(".", "__"): value for name, value in weights.items()}
    )
    return tmp_path / "a.pth"


def test_accepts_what_can_be_built(weights_file):
    check_comparator("random_alexnet:relu2", (64, 64, 3))
    check_comparator("random_alexnet:conv1", (7, 9, 3))
    check_comparator("random_alexnet:conv1+relu5", (31, 31, 3))
    check_comparator("alexnet:pool1", (15, 15, 3), weights_file)
    check_comparator("random_alexnet:fc8")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "vgg:relu2",
            "unknown comparator: got 'vgg:relu2'; accepted: alexnet:LAYER, random_alexnet:LAYER",
        ),
        ("random_alexnet:relu9", "got 'random_alexnet:relu9'; accepted: conv1, relu1"),
    ],
)
def test_refuses_other_spellings(spec, message):
    for check in (check_comparator, make_comparator):
        with pytest.raises(InputError, match=message):
            check(spec)


def test_refuses_small_grey_and_transparent_images():
    with pytest.raises(InputError, match="14x64 pixels; accepted: at least 15x15"):
        check_comparator("random_alexnet:relu2", (14, 64, 3))
    with pytest.raises(InputError, match="pool5: got 62x64 pixels; accepted: at least 63x63"):
        check_comparator("random_alexnet:relu2+pool5", (62, 64, 3))
    for channels in (1, 4):
        with pytest.raises(InputError, match=f"{channels} channels; accepted: 3"):
            check_comparator("random_alexnet:relu2", (64, 64, channels))


def test_random_weights_need_their_own_name(weights_file):
    for check in (check_comparator, make_comparator):
        with pytest.raises(InputError, match=r"alexnet-owt-7be5be79\.pth.*random_alexnet"):
            check("alexnet:relu2")
        with pytest.raises(InputError, match="seed"):
            check("random_alexnet:relu1", weights=weights_file)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("caffe_alexnet", "bvlc_alexnet"),
        ("videonet", "--comparator videonet"),
        ("exemplar_cnn", "a run of"),
    ],
)
def test_says_where_the_weights_of_each_network_are(name, words):
    with pytest.raises(InputError, match=words):
        make_comparator(f"{name}:conv1")


def test_checks_the_weights_file(weights_file):
    for check in (check_comparator, make_comparator):
        with pytest.raises(InputError, match=r"features\.3\.weight"):
            check("alexnet:conv2", weights=weights_file)
        with pytest.raises(InputError, match="must be a file"):
            check("alexnet:conv2", weights="absent.pth")


def test_builds_the_requested_comparator(weights_file):
    random = make_comparator("random_alexnet:relu1", seed=5, feature_activation="sigmoid")
    trained = make_comparator("alexnet:relu1", weights_file)
    assert (random.name, random.layer, random.feature_activation) == (
        "random_alexnet",
        "relu1",
        "sigmoid",
    )
    assert (trained.name, trained.layer, trained.feature_activation) == ("alexnet", "relu1", "none")
    assert random.source == "random, He uniform, seed 5"
    assert trained.source == str(weights_file)
    assert random.sha256 == trained.sha256 != make_comparator("random_alexnet:relu1").sha256
    assert random.minimum_size == 7
    assert random.input_range == (0.0, 1.0)


def test_builds_several_layers_with_their_weights():
    comparator = make_comparator(
        "random_alexnet:relu2+conv1", weights_of_layers="2,0.5", feature_normalization="channel"
    )
    assert comparator.layers == ("relu2", "conv1")
    assert comparator.layer == "relu2+conv1"
    assert comparator.layer_weights == (2.0, 0.5)
    assert comparator.feature_normalization == "channel"
    assert make_comparator("random_alexnet:relu2+conv1").layer_weights == (1.0, 1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"feature_activation": "tanh"}, "'tanh'; accepted: none, sigmoid"),
        ({"feature_normalization": "batch"}, "'batch'; accepted: none, channel"),
        ({"weights_of_layers": "1,1"}, "got 1,1 for relu1; accepted: 1"),
        (
            {"comparator_input": "bgr"},
            "unknown comparator input: got 'bgr'; accepted: imagenet, raw",
        ),
    ],
)
def test_refuses_other_options(options, message):
    with pytest.raises(InputError, match=message):
        make_comparator("random_alexnet:relu1", **options)


@pytest.mark.parametrize(
    "spec", ["caffe_alexnet:conv1", "videonet:conv1", "keras:VGG16:block1_conv1"]
)
def test_networks_with_a_scaling_of_their_own_take_no_raw_pixels(spec):
    for call in (check_comparator, make_comparator):
        with pytest.raises(
            InputError,
            match=r"--comparator-input raw .*: got .*in its own way; "
            "accepted: alexnet, random_alexnet, exemplar_cnn, or --comparator-input imagenet",
        ) as error:
            call(spec, comparator_input="raw")
        assert "\n" not in str(error.value)


def test_raw_pixels_are_accepted_where_a_network_scales_by_imagenet(weights_file):
    check_comparator("alexnet:conv1", (64, 64, 3), weights_file, comparator_input="raw")
    raw = make_comparator("alexnet:conv1", weights_file, comparator_input="raw")
    assert raw.comparator_input == "raw"


@pytest.mark.parametrize(
    ("comparator_input", "is_random", "warns"),
    [("imagenet", False, False), ("raw", True, False), ("raw", False, True)],
)
def test_raw_pixels_of_a_trained_network_warn(comparator_input, is_random, warns):
    warning = input_warning(comparator_input, is_random)
    assert (warning is not None) == warns
    if warns:
        assert "trained on scaled" in warning
        assert "\n" not in warning


def test_checks_are_light():
    code = (
        "import sys; from tfdeepsim.comparators import check_comparator\n"
        "check_comparator('random_alexnet:relu2+pool5', (64, 64, 3))\n"
        "print({'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
