"""Baselines: fitted once to a dataset, and stored."""

import abc
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.arrays import load_arrays, save_arrays
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.files import sha256_of_json, slug
from tfdeepsim.representations.representation import (
    Encode,
    EncoderRepresentation,
    representation_folder,
)

FITTING_IMAGES = 5000
"""Images that a baseline is fitted to, at most."""
FITTING_FLOATS = 2**27
"""Floats that these images become, at most (512 MB): fewer large images are used."""


class Baseline(EncoderRepresentation):
    """A representation to compare trained encoders with.

    It is fitted to the images of a dataset, or to their labels; the same seed gives the same
    embeddings. The fitted arrays are stored in `<folder>/fitted/<dataset>.npz`.

    Args:
        name: One of `scores.BASELINES`.
        parent: Folder in which the baseline's own folder is created.
        settings: Everything besides the data that determines its embeddings, as JSON values.

    Example:
        >>> baseline = Pca(Path("runs/baselines"), latent_dim=64, seed=0)
        >>> embeddings = embeddings_of(baseline, "stl10", splits, ["test"])
    """

    def __init__(self, name: str, parent: Path, settings: dict[str, Any]):
        self.name = self.model = name
        self.settings = settings
        self.identity = sha256_of_json([name, settings])
        self.folder = representation_folder(parent, name, self.identity)

    @abc.abstractmethod
    def fit(self, splits: Splits) -> list[np.ndarray]:
        """Fit to a dataset.

        Args:
            splits: Splits of the dataset.

        Returns:
            The fitted arrays, e.g. the weights of a network.
        """

    @abc.abstractmethod
    def encoder_of(self, fitted: list[np.ndarray], image_shape: tuple[int, int, int]) -> Encode:
        """The function that embeds images.

        Args:
            fitted: Arrays that `fit` returned.
            image_shape: (H, W, C).
        """

    def encoder(self, splits: Splits) -> Encode:
        self.check(splits.dataset)
        path = self.folder.path / "fitted" / f"{slug(splits.dataset.name)}.npz"
        origin = {"encoder": self.identity, "dataset": splits.dataset.fingerprint}
        fitted = _stored(path, origin)
        if fitted is None:
            fitted = self.fit(splits)
            save_arrays(path, fitted, origin)
        return self.encoder_of(fitted, splits.dataset.image_shape)


def fitting_rows(images: Images, seed: int, row_length: int) -> np.ndarray:
    """Choose the images that a baseline is fitted to.

    Args:
        images: [N, ...].
        seed: Seed of the choice.
        row_length: Number of floats that one image becomes.

    Returns:
        Sorted integers: at most 5,000, fewer if these would be more than 512 MB of floats.
    """
    count = min(len(images), FITTING_IMAGES, max(2, FITTING_FLOATS // row_length))
    return np.sort(np.random.default_rng(seed).permutation(len(images))[:count])


def _stored(path: Path, origin: dict[str, str]) -> list[np.ndarray] | None:
    """Fitted arrays of this origin; None if there are none, or the file is damaged."""
    try:
        arrays, stored_origin = load_arrays(path)
    except InputError:
        return None
    return arrays if stored_origin == origin else None
