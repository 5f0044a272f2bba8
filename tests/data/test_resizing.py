"""Resizing of images."""

import numpy as np
import PIL.Image
import pytest

from tfdeepsim.data.resizing import Resizing, resize, resize_all
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions


def noise(height, width, count=None, channels=3, seed=0):
    shape = (height, width, channels) if count is None else (count, height, width, channels)
    return np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)


def resized(pixels, **options):
    return resize(PIL.Image.fromarray(pixels), Resizing(**options))


@pytest.mark.parametrize("resize", ["bilinear", "tile", "reflect"])
@pytest.mark.parametrize("crop", ["center", "stretch"])
def test_images_of_the_right_size_are_unchanged(resize, crop):
    pixels = noise(16, 16)
    np.testing.assert_array_equal(resized(pixels, side=16, resize=resize, crop=crop), pixels)
    many = noise(16, 16, count=3)
    assert resize_all(many, Resizing(16, resize, crop)) is many


@pytest.mark.parametrize(
    ("height", "width", "top", "left"), [(16, 21, 0, 2), (20, 16, 2, 0), (16, 17, 0, 0)]
)
def test_a_centre_crop_at_the_right_scale_does_not_interpolate(height, width, top, left):
    pixels = noise(height, width)
    np.testing.assert_array_equal(
        resized(pixels, side=16), pixels[top : top + 16, left : left + 16]
    )


def test_the_shorter_side_comes_before_the_crop():
    pixels = noise(20, 30)
    np.testing.assert_array_equal(resized(pixels, side=16, shorter_side=20), pixels[2:18, 7:23])
    enlarged = PIL.Image.fromarray(pixels).resize((60, 40), PIL.Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(
        resized(pixels, side=16, shorter_side=40), np.asarray(enlarged)[12:28, 22:38]
    )


def test_shrinking_averages_over_pixels():
    checks = (
        np.indices((64, 64)).sum(axis=0) % 2 * 255
    )  # without antialiasing this would be 0 or 255
    pixels = np.repeat(checks.astype(np.uint8)[..., None], 3, axis=-1)
    shown = resized(pixels, side=8).astype(int)
    assert np.abs(shown - 127.5).max() <= 4


def test_stretch_shows_the_whole_image():
    pixels = np.zeros((16, 64, 3), np.uint8)
    pixels[:, :32] = 200
    np.testing.assert_array_equal(
        resized(pixels, side=8, crop="stretch")[:, [0, 1, 6, 7], 0], [[200, 200, 0, 0]] * 8
    )
    np.testing.assert_array_equal(
        resized(pixels[:, 24:], side=8)[:, 0, 0], 0
    )  # the centre is past the edge


def test_a_flat_image_stays_flat_at_any_proportion():
    for height, width in ((1, 1), (1, 300), (300, 1), (7, 500), (999, 10)):
        pixels = np.full((height, width, 3), 77, np.uint8)
        np.testing.assert_array_equal(resized(pixels, side=8), 77)


def test_tiles_repeat_and_reflections_mirror():
    pixels = noise(4, 8)
    tiled = resized(pixels, side=8, resize="tile")
    np.testing.assert_array_equal(tiled, np.concatenate([pixels, pixels]))
    mirrored = resized(pixels, side=8, resize="reflect")
    np.testing.assert_array_equal(mirrored[2:6], pixels)
    np.testing.assert_array_equal(mirrored[:2], pixels[[2, 1]])
    np.testing.assert_array_equal(mirrored[6:], pixels[[2, 1]])


@pytest.mark.parametrize(
    ("resize", "pixels", "words"),
    [
        ("tile", (8, 12), "8x12 pixels in 32.*multiple"),
        ("tile", (64, 64), "64x64 pixels in 32"),
        ("reflect", (33, 8), "33x8 pixels in 32.*larger --image-size"),
    ],
)
def test_images_that_cannot_be_tiled_or_mirrored_are_refused(resize, pixels, words):
    with pytest.raises(InputError, match=words):
        resized(noise(*pixels), side=32, resize=resize)
    with pytest.raises(InputError, match=words):
        resize_all(noise(*pixels, count=2), Resizing(32, resize))


@pytest.mark.parametrize("resize_how", ["bilinear", "tile", "reflect"])
@pytest.mark.parametrize("channels", [None, 1, 3])
def test_many_images_are_resized_like_single_ones(resize_how, channels):
    images = noise(8, 8, count=300, channels=channels or 1)
    resizing = Resizing(16, resize_how)
    shown = resize_all(images if channels else images[..., 0], resizing)
    assert (shown.shape, shown.dtype) == ((300, 16, 16, 3), np.uint8)
    for row in (0, 150, 299):
        image = PIL.Image.fromarray(images[row].squeeze())
        np.testing.assert_array_equal(shown[row], resize(image, resizing))


def test_the_dataset_decides_what_the_options_leave_open():
    assert Resizing.of(DataOptions(), 64) == Resizing(64)
    assert Resizing.of(DataOptions(), 227, 256) == Resizing(227, shorter_side=256)
    assert Resizing.of(DataOptions(image_size=64), 227, 256) == Resizing(64)
    assert Resizing.of(DataOptions(crop="stretch"), 227, 256) == Resizing(227, crop="stretch")
    assert Resizing.of(DataOptions(image_size=32, shorter_side=40), 64) == Resizing(
        32, shorter_side=40
    )


def test_the_key_in_fingerprints_of_runs_never_changes():
    assert Resizing(64).key == (
        "View(side=64, resize='bilinear', crop='center', shorter_side=None)"
    )


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(InputError, match="must leave room for the crop: got 32, with images of 64"):
        Resizing.of(DataOptions(shorter_side=32), 64)
    with pytest.raises(InputError, match="belongs to a centre crop"):
        Resizing(64, "tile", shorter_side=64)
    with pytest.raises(InputError, match="unknown --resize: got nearest"):
        Resizing(64, "nearest")


def test_a_crop_without_scaling_equals_a_resize():
    pixels = np.random.default_rng(0).integers(0, 256, (24, 37, 3)).astype(np.uint8)
    image = PIL.Image.fromarray(pixels)
    cut = resize(image, Resizing(24))
    np.testing.assert_array_equal(cut, pixels[:, 6:30])
    scaled = image.resize(
        (24, 24), PIL.Image.Resampling.BILINEAR, box=(6, 0, 30, 24), reducing_gap=2.0
    )
    np.testing.assert_array_equal(cut, np.asarray(scaled))
