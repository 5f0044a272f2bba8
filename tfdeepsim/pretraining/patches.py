"""Patches of images with structure, each of which is a surrogate class, with their surroundings."""

from collections.abc import Iterator

import numpy as np

from tfdeepsim.batches import batch_slices
from tfdeepsim.comparators.chains.exemplar_cnn import PATCH
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.progress import ProgressBar

REGION = 72
"""Height and width in pixels of a patch with all pixels that its transformations reach."""

APART = 8
"""Smallest distance in pixels between two patches of an image: more than translations move one."""

_BLOCK = 256
"""Number of images that are read at once."""


def regions(images: Images, count: int, seed: int) -> np.ndarray:
    """Draw patches with their surroundings from places where images have large gradients.

    Images are drawn at random without replacement; if there are fewer images than patches, several
    patches are taken from each, at least `APART` from each other. The probability of a place is
    proportional to the mean square of the gradient in the patch, after Dosovitskiy et al. 2015,
    §3.1, who also use patches of several scales.

    Args:
        images: uint8 [M, H, W, 3].
        count: Number of patches.
        seed: Seed of images and places.

    Returns:
        uint8 [N, REGION, REGION, 3], with the patch in the middle and reflected edges. N is
        `count`, or the number of places that the images have.

    Raises:
        InputError: If images are smaller than a patch.
    """
    height, width = images.shape[1:3]
    if min(height, width) < PATCH:
        raise InputError(
            f"patches need images of {PATCH} pixels and more",
            got=f"{height}x{width} pixels",
            accepted="--image-size 64",
        )
    generator = np.random.default_rng(seed)
    count = min(count, len(images) * _across(height) * _across(width))
    rows = np.sort(generator.permutation(len(images))[:count])
    # As even as possible: the first few images give one more.
    shares = np.full(len(rows), count // len(rows)) + (np.arange(len(rows)) < count % len(rows))
    patches = np.empty((count, REGION, REGION, 3), np.uint8)
    end = 0
    for image, share in zip(_read(images, rows), shares, strict=True):
        start, end = end, end + share
        patches[start:end] = _cut(image, _places(image, share, generator))
    return patches


def _across(side: int) -> int:
    """Number of places along a side of an image that are `APART`, wherever the first is."""
    return max(1, (side - PATCH + 1) // APART)


def _read(images: Images, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Each image once, read in blocks, since images may be decoded when they are read."""
    with ProgressBar("Cutting patches out of images", len(rows)) as bar:
        for part in batch_slices(len(rows), _BLOCK):
            yield from images[rows[part]]
            bar.update(part.stop)


def _places(image: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Upper left corners (y, x) of `count` patches on a randomly placed grid, int [count, 2]."""
    axes = []
    for side in image.shape[:2]:
        steps = APART * np.arange(_across(side))
        axes.append(steps + generator.integers(0, side - PATCH - steps[-1], endpoint=True))
    corners = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    # The small number makes places without any gradient possible where there are no others.
    weights = gradient_energy(image)[tuple(corners.T)] + 1e-9
    return corners[generator.choice(len(corners), count, replace=False, p=weights / weights.sum())]


def gradient_energy(image: np.ndarray) -> np.ndarray:
    """Mean square of the gradient of brightness in every patch of an image.

    Args:
        image: uint8 [H, W, 3].

    Returns:
        float64 [H - PATCH + 1, W - PATCH + 1], indexed by the upper left corner of the patch, for
        brightness in [0, 1].
    """
    down, across = np.gradient(image.mean(axis=2) / 255)
    sums = np.pad(np.cumsum(np.cumsum(down**2 + across**2, axis=0), axis=1), ((1, 0), (1, 0)))
    inside = (
        sums[PATCH:, PATCH:]
        - sums[:-PATCH, PATCH:]
        - sums[PATCH:, :-PATCH]
        + sums[:-PATCH, :-PATCH]
    )
    # Differences of sums can be negative by rounding.
    return np.maximum(inside, 0) / PATCH**2


def _cut(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    margin = (REGION - PATCH) // 2
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), "symmetric")
    return np.stack([padded[y : y + REGION, x : x + REGION] for y, x in corners])
