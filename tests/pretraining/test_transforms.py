"""Each transformation alone in closed form, and the distribution of the random parameters."""

import colorsys
import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators.chains.exemplar_cnn import PATCH
from tfdeepsim.pretraining.patches import REGION
from tfdeepsim.pretraining.transforms import (
    ROTATION,
    SCALE,
    Change,
    Colours,
    colours_of,
    contrasted,
    drawn,
    moved,
    recoloured,
    transform,
)

MARGIN = (REGION - PATCH) // 2
GREY = Colours(np.full(3, 0.5, np.float32), np.eye(3, dtype=np.float32))


def noise(*shape):
    return np.random.default_rng(0).uniform(size=shape).astype(np.float32)


def move(region, scale=1.0, angle=0.0, shift=(0.0, 0.0)):
    """One region, moved."""
    values = tf.constant([scale]), tf.constant([angle]), tf.constant([shift])
    return moved(tf.constant(region[None]), *values).numpy()[0]


def test_nothing_moved_is_the_middle():
    region = noise(REGION, REGION, 3)
    np.testing.assert_allclose(move(region), region[MARGIN:-MARGIN, MARGIN:-MARGIN], atol=1e-6)


def test_a_shift_takes_another_place():
    region = noise(REGION, REGION, 3)
    expected = region[MARGIN - 2 : MARGIN - 2 + PATCH, MARGIN + 5 : MARGIN + 5 + PATCH]
    np.testing.assert_allclose(move(region, shift=(5.0, -2.0)), expected, atol=1e-6)


def test_a_quarter_turn_is_clockwise():
    region = noise(REGION, REGION, 3)
    expected = np.rot90(region[MARGIN:-MARGIN, MARGIN:-MARGIN], -1)
    np.testing.assert_allclose(move(region, angle=math.pi / 2), expected, atol=1e-4)


def test_twice_the_scale_makes_things_twice_as_large():
    region = np.zeros((REGION, REGION, 3), np.float32)
    region[32:40, 32:40] = 1
    assert move(region, scale=2.0).sum() == pytest.approx(4 * region.sum(), rel=0.02)


@pytest.mark.parametrize("scale", SCALE)
@pytest.mark.parametrize("angle", [-ROTATION, ROTATION])
def test_the_farthest_moves_stay_in_a_region(scale, angle):
    # A plane is interpolated exactly, unless an edge is reflected into the patch.
    y, x = np.mgrid[:REGION, :REGION].astype(np.float32)
    region = np.stack([x, y, x + y], axis=2)
    place = np.arange(PATCH) - (PATCH - 1) / 2
    for sign_x, sign_y in itertools.product((-1, 1), repeat=2):
        shift = (sign_x * 6.4, sign_y * 6.4)
        across = (math.cos(angle) * place[None] + math.sin(angle) * place[:, None]) / scale
        down = (math.cos(angle) * place[:, None] - math.sin(angle) * place[None]) / scale
        across, down = (
            part + (REGION - 1) / 2 + by for part, by in zip((across, down), shift, strict=True)
        )
        expected = np.stack([across, down, across + down], axis=2)
        np.testing.assert_allclose(move(region, scale, angle, shift), expected, atol=1e-3)


def test_components_of_pixels():
    generator = np.random.default_rng(0)
    along = np.float64([2, 1, 2]) / 3
    pixels = 128 + generator.normal(0, 30, (4000, 1)) * along + generator.normal(0, 2, (4000, 3))
    colours = colours_of(pixels.astype(np.uint8).reshape(4, 1000, 3))
    np.testing.assert_allclose(colours.mean, pixels.astype(np.uint8).mean(axis=0) / 255, atol=1e-5)
    np.testing.assert_allclose(colours.axes @ colours.axes.T, np.eye(3), atol=1e-5)
    assert abs(colours.axes[2] @ along) == pytest.approx(1, abs=1e-3)


def test_contrast_scales_distances_from_the_mean_along_each_component():
    axes = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0].astype(np.float32)
    colours = Colours(np.float32([0.5, 0.4, 0.6]), axes)
    patches, factors = 0.4 + 0.2 * noise(2, 4, 5, 3), np.float32([[0.5, 2, 1], [1, 1, 1]])
    changed = contrasted(tf.constant(patches), tf.constant(factors), colours).numpy()
    before, after = ((values - colours.mean) @ axes.T for values in (patches, changed))
    np.testing.assert_allclose(after, before * factors[:, None, None], atol=1e-5)
    np.testing.assert_allclose(changed[1], patches[1], atol=1e-6)


def test_contrast_is_clipped():
    changed = contrasted(tf.constant(noise(1, 8, 8, 3)), tf.fill([1, 3], 2.0), GREY).numpy()
    assert (changed.min(), changed.max()) == (0, 1)


def change_colour(patches, power=(1.0, 1.0), factor=(1.0, 1.0), offset=(0.0, 0.0), hue=0.0):
    """One patch, recoloured; the place does not matter."""
    colour = (tf.constant([value]) for value in (power, factor, offset, hue))
    return recoloured(tf.constant(patches), Change(None, None, None, None, *colour)).numpy()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"power": (0.25, 4.0)},
        {"factor": (1.4, 0.7)},
        {"offset": (-0.1, 0.1)},
        {"hue": 0.1},
        {"hue": -0.1},
        {"power": (4.0, 0.5), "factor": (0.7, 1.4), "offset": (0.1, -0.1), "hue": 0.07},
    ],
)
def test_colour_changes_as_hsv_does(change):
    patches = noise(1, 3, 4, 3)
    power, factor = change.get("power", (1, 1)), change.get("factor", (1, 1))
    offset, turn = change.get("offset", (0, 0)), change.get("hue", 0)

    def recoloured_pixel(pixel):
        hue, *rest = colorsys.rgb_to_hsv(*pixel)
        rest = [
            np.clip(v**p * f + o, 0, 1)
            for v, p, f, o in zip(rest, power, factor, offset, strict=True)
        ]
        return colorsys.hsv_to_rgb((hue + turn) % 1, *rest)

    expected = np.apply_along_axis(
        lambda pixel: np.array(recoloured_pixel(pixel)), 3, patches.astype(np.float64)
    )
    np.testing.assert_allclose(change_colour(patches, **change), expected, atol=1e-5)


def test_draws_fill_their_ranges():
    change = Change(*(value.numpy() for value in drawn(4000, (1, 2))))
    turn = math.radians(20)
    ranges = Change(
        *(
            (0.7, 1.4),
            (-turn, turn),
            (-6.4, 6.4),
            (0.5, 2),
            (0.25, 4),
            (0.7, 1.4),
            (-0.1, 0.1),
            (-0.1, 0.1),
        )
    )
    for name, values, (low, high) in zip(Change._fields, change, ranges, strict=True):
        assert (
            low * (1 - 1e-5 * np.sign(low)) <= values.min() < values.max() <= high * (1 + 1e-5)
        ), name
        even = np.log(values) / np.log(high / low) if low > 0 else values / (high - low)
        middle = np.log(low * high) / 2 / np.log(high / low) if low > 0 else 0
        # Mean and standard deviation of a uniform distribution.
        np.testing.assert_allclose(even.mean(axis=0), middle, atol=0.03, err_msg=name)
        np.testing.assert_allclose(even.std(axis=0), 12**-0.5, atol=0.02, err_msg=name)


def test_draws_do_not_depend_on_each_other():
    columns = np.column_stack(
        [np.log(v) if v.min() > 0 else v for v in map(np.asarray, drawn(4000, (1, 2)))]
    )
    assert columns.shape[1] == 14
    off = np.corrcoef(columns.T) - np.eye(14)
    assert np.abs(off).max() < 0.08


def test_equal_seeds_give_equal_patches_in_a_pipeline_too():
    regions = noise(4, REGION, REGION, 3)
    eager = [transform(tf.constant(regions), (5, step), GREY).numpy() for step in range(3)]
    data = tf.data.Dataset.range(3).map(
        lambda step: transform(tf.constant(regions), tf.stack([5, step]), GREY)
    )
    for one, other in zip(eager, data, strict=True):
        np.testing.assert_allclose(one, other.numpy(), atol=1e-6)
    assert np.abs(eager[0] - eager[1]).max() > 0.1
    assert np.abs(eager[0][0] - transform(regions, (6, 0), GREY).numpy()[0]).max() > 0.1


def test_patches_are_images():
    patches = transform(tf.constant(noise(16, REGION, REGION, 3)), (0, 0), GREY)
    assert (patches.shape, patches.dtype) == ((16, PATCH, PATCH, 3), tf.float32)
    assert np.isfinite(patches).all()
    assert patches.numpy().min() >= 0
    assert patches.numpy().max() <= 1
