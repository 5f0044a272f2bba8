"""Random transformations of patches, a batch at once (Dosovitskiy et al. 2015, §3.1).

Discriminative unsupervised feature learning with exemplar convolutional neural networks; the list
and its ranges are theirs. What multiplies or is a power is drawn evenly on a logarithmic scale, all
else evenly.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.exemplar_cnn import PATCH

SCALE = (0.7, 1.4)
ROTATION = math.radians(20)
TRANSLATION = 0.2
"""Largest shift along each axis, as a share of the patch's side."""
CONTRAST = (0.5, 2.0)
POWER = (0.25, 4.0)
FACTOR = (0.7, 1.4)
OFFSET = 0.1
HUE = 0.1


class Colours(NamedTuple):
    """Where the pixels of all patches lie in colour space.

    Attributes:
        mean: float32 [3].
        axes: float32 [3, 3], a principal component a row.
    """

    mean: np.ndarray
    axes: np.ndarray


class Change(NamedTuple):
    """What is done to each of B patches; float32.

    Attributes:
        scale: [B], how much larger things appear.
        angle: [B], radians, clockwise.
        shift: [B, 2], pixels across and down by which the place is moved that the patch is cut
            from.
        contrast: [B, 3], factors along the principal components of colours.
        power: [B, 2], of saturation and value.
        factor: [B, 2], of saturation and value after that.
        offset: [B, 2], is added to saturation and value then.
        hue: [B], is added to the hue, in turns.
    """

    scale: tf.Tensor
    angle: tf.Tensor
    shift: tf.Tensor
    contrast: tf.Tensor
    power: tf.Tensor
    factor: tf.Tensor
    offset: tf.Tensor
    hue: tf.Tensor


def colours_of(pixels: np.ndarray) -> Colours:
    """Mean and principal components of pixels.

    Args:
        pixels: uint8 [..., 3].
    """
    pixels = pixels.reshape(-1, 3)
    mean = pixels.mean(axis=0, dtype=np.float64) / 255
    # In parts, so that there is no float copy of all pixels at once.
    products = np.zeros((3, 3))
    for part in np.array_split(pixels, max(1, len(pixels) // 2**20)):
        centred = part / 255 - mean
        products += centred.T @ centred
    axes = np.linalg.eigh(products)[1].T
    return Colours(mean.astype(np.float32), axes.astype(np.float32))


def transform(regions: tf.Tensor, seed: tf.Tensor, colours: Colours) -> tf.Tensor:
    """Patches from the middle of regions, each moved, turned, scaled and recoloured at random.

    Args:
        regions: float32 [B, R, R, 3], in [0, 1].
        seed: int [2]; equal seeds give equal results.
        colours: Of all patches.

    Returns:
        float32 [B, PATCH, PATCH, 3], in [0, 1].
    """
    change = drawn(tf.shape(regions)[0], seed)
    patches = moved(regions, change.scale, change.angle, change.shift)
    patches = contrasted(patches, change.contrast, colours)
    return recoloured(patches, change)


def drawn(count: int | tf.Tensor, seed: tf.Tensor) -> Change:
    """Random changes of `count` patches."""
    draws = tf.random.stateless_uniform([count, 14], seed, -1.0, 1.0)

    def around(limit: float, first: int, last: int) -> tf.Tensor:
        return limit * draws[:, first:last]

    def between(limits: tuple[float, float], first: int, last: int) -> tf.Tensor:
        low, high = (math.log(limit) for limit in limits)
        return tf.exp((low + high) / 2 + (high - low) / 2 * draws[:, first:last])

    return Change(
        scale=between(SCALE, 0, 1)[:, 0],
        angle=around(ROTATION, 1, 2)[:, 0],
        shift=around(TRANSLATION * PATCH, 2, 4),
        contrast=between(CONTRAST, 4, 7),
        power=between(POWER, 7, 9),
        factor=between(FACTOR, 9, 11),
        offset=around(OFFSET, 11, 13),
        hue=around(HUE, 13, 14)[:, 0],
    )


def moved(regions: tf.Tensor, scale: tf.Tensor, angle: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Patches from around the middle of regions, with bilinear interpolation; edges are reflected.

    Args:
        regions: float32 [B, R, R, 3].
        scale, angle, shift: As in `Change`.

    Returns:
        float32 [B, PATCH, PATCH, 3].
    """
    cosine, sine = tf.cos(angle) / scale, tf.sin(angle) / scale
    middle, centre = (regions.shape[1] - 1) / 2, (PATCH - 1) / 2
    start_x = middle + shift[:, 0] - centre * (cosine + sine)
    start_y = middle + shift[:, 1] - centre * (cosine - sine)
    zeros = tf.zeros_like(scale)
    # Rows of [a0 a1 a2 b0 b1 b2 c0 c1]: the output at (x, y) is read at (a0 x + a1 y + a2, b0 x +
    # b1 y + b2).
    rows = tf.stack([cosine, sine, start_x, -sine, cosine, start_y, zeros, zeros], axis=1)
    patches = tf.raw_ops.ImageProjectiveTransformV3(
        images=regions,
        transforms=rows,
        output_shape=[PATCH, PATCH],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return tf.ensure_shape(patches, [regions.shape[0], PATCH, PATCH, 3])


def contrasted(patches: tf.Tensor, factors: tf.Tensor, colours: Colours) -> tf.Tensor:
    """Contrast 1: distances from the mean colour along each principal component times a factor,
    clipped.

    Args:
        patches: float32 [B, h, w, 3], in [0, 1].
        factors: [B, 3], one a component.
        colours: Mean and components.
    """
    axes = tf.constant(colours.axes)
    # One 3x3 matrix a patch does all three steps: project, multiply, and go back.
    matrices = tf.einsum("ij,bi,ik->bjk", axes, factors, axes)
    changed = tf.einsum("bhwj,bjk->bhwk", patches - colours.mean, matrices) + colours.mean
    return tf.clip_by_value(changed, 0.0, 1.0)


def recoloured(patches: tf.Tensor, change: Change) -> tf.Tensor:
    """Contrast 2 and colour: powers, factors and offsets of saturation and value, and an offset of
    hue.

    Args:
        patches: float32 [B, h, w, 3], in [0, 1].
        change: What to do.

    Returns:
        The same shape and range.
    """
    hsv = tf.image.rgb_to_hsv(patches)
    power, factor, offset = (
        value[:, tf.newaxis, tf.newaxis] for value in (change.power, change.factor, change.offset)
    )
    hue = tf.math.floormod(hsv[..., :1] + change.hue[:, tf.newaxis, tf.newaxis, tf.newaxis], 1.0)
    rest = tf.clip_by_value(hsv[..., 1:] ** power * factor + offset, 0.0, 1.0)
    return tf.clip_by_value(tf.image.hsv_to_rgb(tf.concat([hue, rest], axis=3)), 0.0, 1.0)
