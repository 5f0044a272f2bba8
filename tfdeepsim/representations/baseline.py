"""Baselines: fitted once to a dataset, and stored."""

import abc
import contextlib
import dataclasses
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


@dataclasses.dataclass(frozen=True)
class Fitted:
    """What a baseline learned from a dataset.

    Attributes:
        arrays: The fitted arrays, e.g. the weights of a network.
        choices: What was chosen by the data, as JSON values; empty if nothing was.

    Example:
        >>> fitted = Pca(Path("runs/baselines"), latent_dim=64, seed=0).fit(splits)
    """

    arrays: list[np.ndarray]
    choices: dict[str, Any] = dataclasses.field(default_factory=dict)


class Baseline(EncoderRepresentation):
    """A representation to compare trained encoders with.

    It is fitted to the images of a dataset, or to their labels; the same seed gives the same
    embeddings. The fitted arrays are stored in `<folder>/fitted/<dataset>.npz`, together with what
    was chosen by the data.

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
    def fit(self, splits: Splits) -> Fitted:
        """Fit to a dataset; the test split is not read.

        Args:
            splits: Splits of the dataset.
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
            save_arrays(path, fitted.arrays, origin | {"choices": fitted.choices})
            self.write_record()
        return self.encoder_of(fitted.arrays, splits.dataset.image_shape)

    def choices_by_dataset(self) -> dict[str, Any]:
        """The `choices` of every stored `Fitted`, by the name of the dataset as in file names."""
        choices = {}
        for path in sorted((self.folder.path / "fitted").glob("*.npz")):
            with contextlib.suppress(InputError):  # damaged, and fitted again when it is needed
                choices[path.stem] = load_arrays(path)[1].get("choices", {})
        return choices


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


def _stored(path: Path, origin: dict[str, str]) -> Fitted | None:
    """What was fitted for this origin; None if there is nothing, or the file is damaged."""
    try:
        arrays, record = load_arrays(path)
    except InputError:
        return None
    choices = record.pop("choices", {})
    return Fitted(arrays, choices) if record == origin and isinstance(choices, dict) else None
