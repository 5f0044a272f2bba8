"""Reconstructions of shifted and recoloured images."""

import numpy as np
import pytest
import tensorflow as tf
from exact_pairs import identity, random_images

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.normalized_error import normalized_error
from tfdeepsim.inversion.distance import mean_distance
from tfdeepsim.inversion.preservation import UNCHANGED, preservation, recoloured, shifted

IMAGES = random_images(4)
SHIFTS, COLOURS = ["left", "right", "up", "down"], ["hue 120", "hue 240", "grey"]


def test_directions_of_shifts():
    images = np.zeros((1, 9, 11, 3), np.uint8)
    images[0, 4, 5] = 200
    places = {
        name: np.argwhere(moved[0, ..., 0])[0].tolist()
        for name, moved in shifted(images, 2).items()
    }
    assert places == {"left": [4, 3], "right": [4, 7], "up": [2, 5], "down": [6, 5]}


@pytest.mark.parametrize("pixels", [1, 3, 7])
def test_gaps_are_filled_by_reflection(pixels):
    moved = shifted(IMAGES, pixels)
    assert list(moved) == SHIFTS
    np.testing.assert_array_equal(moved["right"][:, :, pixels:], IMAGES[:, :, :-pixels])
    np.testing.assert_array_equal(moved["right"][:, :, :pixels], IMAGES[:, :, pixels:0:-1])
    # The other directions are mirror images of this one.
    np.testing.assert_array_equal(
        shifted(IMAGES[:, :, ::-1], pixels)["right"][:, :, ::-1], moved["left"]
    )
    np.testing.assert_array_equal(shifted(IMAGES[:, ::-1], pixels)["down"][:, ::-1], moved["up"])
    turned = shifted(IMAGES.swapaxes(1, 2), pixels)["right"].swapaxes(1, 2)
    np.testing.assert_array_equal(turned, moved["down"])


@pytest.mark.parametrize("pixels", [0, 8])
def test_shifts_out_of_the_image_are_refused(pixels):
    with pytest.raises(InputError, match=rf"got {pixels} pixels; accepted: 1-7"):
        shifted(IMAGES, pixels)


def test_hue_is_rotated_as_by_tensorflow():
    images = tf.constant(IMAGES / np.float32(255))
    for name, fraction in (("hue 120", 1 / 3), ("hue 240", 2 / 3)):
        expected = tf.image.adjust_hue(images, fraction - round(fraction))
        np.testing.assert_allclose(recoloured(IMAGES)[name] / 255, expected, atol=1e-4)


def test_red_turns_green_then_blue():
    red = np.zeros((1, 1, 1, 3), np.uint8)
    red[..., 0] = 255
    found = {name: image.ravel().tolist() for name, image in recoloured(red).items()}
    assert found == {"hue 120": [0, 255, 0], "hue 240": [0, 0, 255], "grey": [76, 76, 76]}


def test_grey_stays_grey():
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), 3, axis=3)
    for image in recoloured(grey).values():
        np.testing.assert_array_equal(image, grey)


def test_the_identity_preserves_everything():
    found = preservation(identity(), IMAGES)
    assert list(found.rows) == list(found.errors) == [UNCHANGED, *SHIFTS, *COLOURS]
    changed = {UNCHANGED: IMAGES} | shifted(IMAGES, 2) | recoloured(IMAGES)
    for name, (given, made) in found.rows.items():
        np.testing.assert_array_equal(given, changed[name])
        np.testing.assert_array_equal(made, given)
        own, unchanged = found.errors[name]
        assert own == 0
        assert unchanged == pytest.approx(normalized_error(changed[name], IMAGES), rel=1e-6)
        assert (unchanged > 0) == (name != UNCHANGED)


def test_features_without_colour():
    """Grey images are reconstructed, recoloured ones are not."""
    inversion = identity(change=lambda x: tf.repeat(x @ [[0.299], [0.587], [0.114]], 3, axis=3))
    errors = preservation(inversion, IMAGES, 3).errors
    assert errors["grey"][0] == pytest.approx(0, abs=1e-2)
    assert errors["grey"][1] == pytest.approx(errors[UNCHANGED][1], rel=1e-2)
    assert min(errors[name][0] for name in ("hue 120", "left")) > 0.5 * errors[UNCHANGED][0] > 0.1


def test_features_without_information():
    """The reconstruction is always the same image, which follows no change."""
    found = preservation(identity(change=lambda x: 0 * x + 0.5), IMAGES, 3)
    flat = np.full_like(IMAGES, 128)
    unit = normalized_error(flat, IMAGES) / mean_distance(flat, IMAGES)
    for name, (own, unchanged) in found.errors.items():
        np.testing.assert_array_equal(found.rows[name][1], flat)
        # All errors have the same unit, not that of the changed images.
        assert own == pytest.approx(mean_distance(flat, found.rows[name][0]) * unit, rel=1e-6)
        assert unchanged == pytest.approx(found.errors[UNCHANGED][0], rel=1e-6)


def test_a_single_image_is_refused():
    with pytest.raises(InputError, match="got 1 sample"):
        preservation(identity(), IMAGES[:1])
