"""Patches of images in which there is something to see, one a surrogate class, with their
surroundings."""

from collections.abc import Iterator

import numpy as np
import rich.console
import rich.progress

from tfdeepsim.comparators.chains.exemplar_cnn import PATCH
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError

REGION = 72
"""Side in pixels of a patch with all that its transformations reach."""

APART = 8
"""Least distance in pixels of two patches of an image: more than a translation moves a patch."""

_BLOCK = 256
"""Images that are read at once."""


def regions(images: Images, count: int, seed: int) -> np.ndarray:
    """Patches with their surroundings, where images have considerable gradients.

    Images are drawn at random, each once; where there are fewer than patches, each gives several,
    `APART` from each other. A place is drawn with a probability in proportion to the mean square of
    the gradient in the patch, after Dosovitskiy et al. (2015), §3.1, who take patches of several
    scales too.

    Args:
        images: uint8 [M, H, W, 3].
        count: Of patches that are wanted.
        seed: Of images and places.

    Returns:
        uint8 [N, REGION, REGION, 3], the patch in the middle, edges of images reflected. N is
        `count`, or as many as the images have places for.

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
    # As even as can be: the first few give one more.
    shares = np.full(len(rows), count // len(rows)) + (np.arange(len(rows)) < count % len(rows))
    found = np.empty((count, REGION, REGION, 3), np.uint8)
    end = 0
    for image, share in zip(_read(images, rows), shares, strict=True):
        start, end = end, end + share
        found[start:end] = _cut(image, _places(image, share, generator))
    return found


def _across(side: int) -> int:
    """Places along a side of an image that are `APART`, wherever the first is drawn."""
    return max(1, (side - PATCH + 1) // APART)


def _read(images: Images, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Each image once, a block at a time: some are decoded when they are asked for."""
    console = rich.console.Console(stderr=True)
    with rich.progress.Progress(
        console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("patches of images", total=len(rows))
        for start in range(0, len(rows), _BLOCK):
            block = images[rows[start : start + _BLOCK]]
            yield from block
            bar.update(task, advance=len(block))


def _places(image: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Upper left corners of `count` patches, int [count, 2], among those of a grid at a random
    place."""
    axes = []
    for side in image.shape[:2]:
        steps = APART * np.arange(_across(side))
        axes.append(steps + generator.integers(0, side - PATCH - steps[-1], endpoint=True))
    corners = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    # What has no gradient at all is still a place, if there is no other.
    chance = gradient_energy(image)[tuple(corners.T)] + 1e-9
    return corners[generator.choice(len(corners), count, replace=False, p=chance / chance.sum())]


def gradient_energy(image: np.ndarray) -> np.ndarray:
    """Mean square of the gradient of brightness in every patch.

    Args:
        image: uint8 [H, W, 3].

    Returns:
        float64 [H - PATCH + 1, W - PATCH + 1], of brightness in [0, 1], by the patch's upper left
        corner.
    """
    down, across = np.gradient(image.mean(axis=2) / 255)
    sums = np.pad(np.cumsum(np.cumsum(down**2 + across**2, axis=0), axis=1), ((1, 0), (1, 0)))
    inside = (
        sums[PATCH:, PATCH:]
        - sums[:-PATCH, PATCH:]
        - sums[PATCH:, :-PATCH]
        + sums[:-PATCH, :-PATCH]
    )
    # Differences of sums can fall below zero by rounding.
    return np.maximum(inside, 0) / PATCH**2


def _cut(image: np.ndarray, corners: np.ndarray) -> np.ndarray:
    margin = (REGION - PATCH) // 2
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), "symmetric")
    return np.stack([padded[y : y + REGION, x : x + REGION] for y, x in corners])
