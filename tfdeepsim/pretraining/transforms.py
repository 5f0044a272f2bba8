"""Random transformations of patches, for a batch at once.

The transformations and their ranges are those of Dosovitskiy et al. 2015, Discriminative
unsupervised feature learning with exemplar convolutional neural networks, §3.1. Factors and
exponents are drawn uniformly on a logarithmic scale, all other numbers uniformly.
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
    """Distribution of the colours of all patches.

    Attributes:
        mean: Mean colour, float32 [3].
        axes: Principal components in rows, float32 [3, 3].

    Example:
        >>> colours = colours_of(patches)
        >>> colours.axes.shape
        (3, 3)
    """

    mean: np.ndarray
    axes: np.ndarray


class Change(NamedTuple):
    """Parameters of the transformation of each of B patches, all float32.

    Attributes:
        scale: Factor by which objects appear larger, [B].
        angle: Clockwise rotation in radians, [B].
        shift: Pixels to the right and down by which the patch is moved in its region, [B, 2].
        contrast: Factors along the principal components of colours, [B, 3].
        power: Exponents of saturation and value, [B, 2].
        factor: Factors of saturation and value, applied after the exponents, [B, 2].
        offset: Numbers added to saturation and value, after the factors, [B, 2].
        hue: Number added to the hue, in turns, [B].

    Example:
        >>> change = drawn(16, seed=(0, 1))
        >>> patches = recoloured(patches, change)
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
    """Mean and principal components of the colours of pixels.

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
    """Cut patches from the middle of regions, randomly shifted, rotated, scaled and recoloured.

    Args:
        regions: float32 [B, R, R, 3], in [0, 1].
        seed: int [2]; equal seeds give equal results.
        colours: Distribution of the colours of all patches.

    Returns:
        float32 [B, PATCH, PATCH, 3], in [0, 1].
    """
    change = drawn(tf.shape(regions)[0], seed)
    patches = moved(regions, change.scale, change.angle, change.shift)
    patches = contrasted(patches, change.contrast, colours)
    return recoloured(patches, change)


def drawn(count: int | tf.Tensor, seed: tf.Tensor) -> Change:
    """Draw the parameters of the transformation of `count` patches.

    Args:
        count: Number of patches.
        seed: int [2]; equal seeds give equal results.
    """
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
    """Cut shifted, rotated and scaled patches, with bilinear interpolation and reflected edges.

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
    # Rows [a0 a1 a2 b0 b1 b2 c0 c1]: the output at (x, y) is the input at (a0 x + a1 y + a2,
    # b0 x + b1 y + b2).
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
    """Multiply distances from the mean colour along each principal component by a factor, and clip.

    This is "contrast 1" of Dosovitskiy et al. 2015.

    Args:
        patches: float32 [B, h, w, 3], in [0, 1].
        factors: float32 [B, 3], one for each component.
        colours: Mean colour and principal components.

    Returns:
        float32 [B, h, w, 3], in [0, 1].
    """
    axes = tf.constant(colours.axes)
    # One 3x3 matrix a patch does all three steps: project, multiply, and go back.
    matrices = tf.einsum("ij,bi,ik->bjk", axes, factors, axes)
    changed = tf.einsum("bhwj,bjk->bhwk", patches - colours.mean, matrices) + colours.mean
    return tf.clip_by_value(changed, 0.0, 1.0)


def recoloured(patches: tf.Tensor, change: Change) -> tf.Tensor:
    """Change saturation and value by exponents, factors and offsets, and hue by an offset.

    These are "contrast 2" and "color" of Dosovitskiy et al. 2015.

    Args:
        patches: float32 [B, h, w, 3], in [0, 1].
        change: Parameters of the transformation.

    Returns:
        float32 [B, h, w, 3], in [0, 1].
    """
    hsv = tf.image.rgb_to_hsv(patches)
    power, factor, offset = (
        value[:, tf.newaxis, tf.newaxis] for value in (change.power, change.factor, change.offset)
    )
    hue = tf.math.floormod(hsv[..., :1] + change.hue[:, tf.newaxis, tf.newaxis, tf.newaxis], 1.0)
    rest = tf.clip_by_value(hsv[..., 1:] ** power * factor + offset, 0.0, 1.0)
    return tf.clip_by_value(tf.image.hsv_to_rgb(tf.concat([hue, rest], axis=3)), 0.0, 1.0)
