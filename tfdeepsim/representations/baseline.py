"""What all baselines share: they are fitted to a dataset once, and what was fitted is kept."""

import abc
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.arrays import load_arrays, save_arrays
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.files import slug
from tfdeepsim.representations.representation import Encode, EncoderRepresentation, digest, kept_in

FITTING_IMAGES = 5000
# 512 MB of floats: fewer images where they are large.
FITTING_NUMBERS = 2**27
BLOCK = 256


class Baseline(EncoderRepresentation):
    """A baseline: fitted to the images of a dataset, or to their labels, and the same for the same
    seed.

    What was fitted is kept in `<folder>/fitted/<dataset>.npz`.

    Args:
        name: One of `scores.BASELINES`.
        parent: Where its folder is made.
        settings: All that decides its embeddings besides the data, as JSON values.
    """

    def __init__(self, name: str, parent: Path, settings: dict[str, Any]):
        self.name = self.model = name
        self.settings = settings
        self.identity = digest([name, settings])
        self.folder = kept_in(parent, name, self.identity)

    @abc.abstractmethod
    def fit(self, splits: Splits) -> list[np.ndarray]:
        """Learn from a dataset whatever there is to learn."""

    @abc.abstractmethod
    def encoder_of(self, fitted: list[np.ndarray], image_shape: tuple[int, int, int]) -> Encode:
        """The encoder that `fit` gave."""

    def encoder(self, splits: Splits) -> Encode:
        self.check(splits.dataset)
        path = self.folder.path / "fitted" / f"{slug(splits.dataset.name)}.npz"
        origin = {"encoder": self.identity, "dataset": splits.dataset.fingerprint}
        fitted = _kept(path, origin)
        if fitted is None:
            fitted = self.fit(splits)
            save_arrays(path, fitted, origin)
        return self.encoder_of(fitted, splits.dataset.image_shape)


def some_rows(images: Images, seed: int, row_length: int) -> np.ndarray:
    """Rows of `images` to fit to, sorted: at most 5,000, fewer where a row is so long that memory
    ends.

    Args:
        images: [N, ...].
        seed: Of the choice.
        row_length: Floats that one image becomes.
    """
    count = min(len(images), FITTING_IMAGES, max(2, FITTING_NUMBERS // row_length))
    return np.sort(np.random.default_rng(seed).permutation(len(images))[:count])


def in_blocks(function: Encode, images: Images, rows: np.ndarray) -> np.ndarray:
    """`function` of some rows of `images`, taken block by block: float32 [rows, length]."""
    result: np.ndarray | None = None
    for start in range(0, len(rows), BLOCK):
        block = function(np.asarray(images[rows[start : start + BLOCK]]))
        if result is None:
            result = np.empty((len(rows), block.shape[1]), np.float32)
        result[start : start + BLOCK] = block
    assert result is not None, "no rows"
    return result


def _kept(path: Path, origin: dict[str, str]) -> list[np.ndarray] | None:
    try:
        arrays, found = load_arrays(path)
    except InputError:  # not there, or damaged
        return None
    return arrays if found == origin else None
