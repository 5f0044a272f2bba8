"""Files, layers and images that a comparator of keras.applications cannot use."""

import contextlib

import h5py
import numpy as np
import pytest
from keras_networks import published

from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.comparators.keras_applications.keras_application import (
    KerasApplication,
    check_application,
)
from tfdeepsim.errors import InputError


def refused(spec, path, match, shape=(32, 32, 3)):
    for call in (lambda: check_comparator(spec, shape, path), lambda: make_comparator(spec, path)):
        with pytest.raises(InputError, match=match) as caught:
            call()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 1200


def test_refuses_unknown_networks_and_layers(mobile_file):
    refused(
        "keras:VGG17:block1_conv1",
        mobile_file,
        r"got 'VGG17'; accepted: ConvNeXtBase, .*VGG16, VGG19",
    )
    refused("keras:vgg16:block1_conv1", mobile_file, "got 'vgg16'")
    refused("keras:layers:relu", mobile_file, "got 'layers'")
    refused(
        "keras:MobileNetV2:nope",
        mobile_file,
        r"'nope'; accepted: Conv1, bn_Conv1, .*, \.\.\., predictions$",
    )


@pytest.mark.slow
def test_refuses_files_that_do_not_fit(mobile, mobile_file, vgg_file, tmp_path):
    spec = "keras:MobileNetV2:Conv1"
    refused(spec, tmp_path / "absent.h5", "must be a file: got no file")
    refused(
        spec,
        vgg_file,
        "must hold the weights of MobileNetV2: got .*expected 104 layers, found 13 saved",
    )
    refused(
        "keras:MobileNet:conv1",
        mobile_file,
        "must hold the weights of MobileNet: got A total of .*loaded",
    )
    (tmp_path / "weights.pth").write_bytes(b"x")
    refused(spec, tmp_path / "weights.pth", "another ending")
    (tmp_path / "text.h5").write_text("no weights")
    refused(spec, tmp_path / "text.h5", "file signature not found")
    content = published(mobile, tmp_path / "whole.h5").read_bytes()
    (tmp_path / "short.h5").write_bytes(content[: len(content) // 2])
    refused(spec, tmp_path / "short.h5", "truncated file")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["new", "published"])
def test_a_damaged_file_is_read_or_refused_in_one_line(mobile, mobile_file, tmp_path, form):
    """Some bytes are overwritten: the file is read if it still holds numbers, else refused."""
    path = mobile_file if form == "new" else published(mobile, tmp_path / "whole.h5")
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for start in (0, 8, 100, 800, 3000, *rng.integers(0, len(content), 2)):
        damaged = content.copy()
        damaged[start : start + 64] = rng.bytes(64)
        target = tmp_path / f"damaged.{'weights.' if form == 'new' else ''}h5"
        target.write_bytes(damaged)
        # An error of any other kind fails.
        with contextlib.suppress(InputError):
            check_application("MobileNetV2", ["Conv1"], None, target)


def test_refuses_weights_that_are_no_numbers(vgg_file, tmp_path):
    path = tmp_path / "nan.h5"
    path.write_bytes(vgg_file.read_bytes())
    with h5py.File(path, "r+") as file:
        kernel = file["block2_conv1"]["block2_conv1"]["kernel"]
        kernel[0, 0, 0, 0] = np.nan
    refused("keras:VGG16:block2_conv2", path, "NaN, infinity or nothing for block2_conv1")
    check_comparator("keras:VGG16:block1_conv1", (32, 32, 3), path)


def test_random_weights_are_refused():
    with pytest.raises(InputError, match="needs its trained weights"):
        KerasApplication("VGG16", ["block1_conv1"], weights_file=None)
    with pytest.raises(InputError, match="needs its trained weights"):
        check_application("VGG16", ["block1_conv1"], (32, 32), None)
    with pytest.raises(InputError, match="or the word download"):
        make_comparator("keras:VGG16:block1_conv1")


def test_refuses_grey_and_byte_images(comparator, mobile_file):
    with pytest.raises(InputError, match=r"shape \[2, 32, 32, 1\]"):
        comparator(np.zeros((2, 32, 32, 1), np.float32))
    with pytest.raises(InputError, match="uint8"):
        comparator(np.zeros((1, 32, 32, 3), np.uint8))
    with pytest.raises(InputError, match="1 channels"):
        check_comparator("keras:MobileNetV2:block_1_expand_relu", (32, 32, 1), mobile_file)
