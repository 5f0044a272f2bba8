"""How large a comparator's features are: measured on training images before training."""

import math

import numpy as np
import tensorflow as tf

from tfdeepsim.batches import over_batches
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.data.splits.examples import evenly_spaced
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.pixels import to_floats

SCALE_IMAGES = 256
"""Number of training images that the mean square of features is measured on."""


def mean_squares(comparator: Comparator, split: Split) -> list[float]:
    """Mean square of the features of each of a comparator's layers, over images at equal distances
    in a split.

    Args:
        comparator: The comparator.
        split: Training images, of which `SCALE_IMAGES` are used, or all if they are fewer.

    Raises:
        InputError: If the features of a layer are not finite, or all 0.

    Example:
        >>> mean_squares(make_comparator("alexnet:conv3"), splits["encoder_train"])
        [155.9]
    """
    rows = evenly_spaced(len(split.images), SCALE_IMAGES)
    squares = over_batches(
        lambda images: _squares(comparator, to_floats(images)), split.images, rows=rows
    ).mean(axis=0)
    for layer, square in zip(comparator.layers, squares, strict=True):
        if not math.isfinite(square) or not square:
            raise InputError(
                "features that are compared must be finite and not all 0",
                got=f"mean square {square:g} of {layer} over {len(rows)} training images",
                accepted="another comparator or layer, or --feature-scale absolute",
            )
    return [float(square) for square in squares]


def factor_of_bytes(comparator: Comparator, images: np.ndarray) -> float | None:
    """How many times larger the squares of a comparator's features would be if its network took
    pixels of 0 to 255, as that of Dosovitskiy & Brox 2016 does.

    Args:
        comparator: A comparator of one layer.
        images: Images, float32 [N, H, W, 3] in [0, 1].

    Returns:
        The factor; 1 if the network takes such pixels; None if its scaling of pixels is not known.
    """
    architecture = getattr(comparator, "architecture", None)
    if architecture is None:
        return None
    deviation = np.float32(architecture.std)
    if np.allclose(deviation, 1 / 255):
        return 1.0
    mean = np.float32(architecture.mean)
    # The comparator subtracts the mean and divides by the deviation.
    larger = mean + 255 * deviation * (images - mean)
    before, after = (float(_squares(comparator, x).mean()) for x in (images, larger))
    return after / before if before else None


def _squares(comparator: Comparator, images: np.ndarray) -> np.ndarray:
    """Mean square of the features of each image at each layer, float64 [N, layers]."""
    features = [np.asarray(x, np.float64) for x in tf.nest.flatten(comparator(images))]
    return np.stack([np.square(x).reshape(len(x), -1).mean(axis=1) for x in features], axis=1)
