"""What every row of a table is before it has a score: something that embeds images."""

import abc
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.splits.split import Images
from tfdeepsim.embed import batch_size_of, embed_blocks
from tfdeepsim.files import slug, write_json
from tfdeepsim.run import RunDirectory

Encode = Callable[[np.ndarray], np.ndarray]
"""uint8 images [n, H, W, C] to float embeddings [n, Z]."""


class Representation(abc.ABC):
    """What can stand in a table.

    Attributes:
        name: Of its row, e.g. `ae`, `pca`, `clip.keras`.
        model: `ae` or `vae`; or one of `scores.BASELINES`; or `external`.
        loss: What a run was trained with; empty for what is no run.
        comparator: `NAME:LAYER`, or empty where no features are used.
        folder: Where its embeddings and results are kept.
        identity: Digest of all that decides its embeddings besides the data.
        settings: What it is, as JSON values, for the record. A trained run has its own.
    """

    name: str
    model: str
    loss: str = ""
    comparator: str = ""
    folder: RunDirectory
    identity: str
    settings: dict[str, Any]

    @abc.abstractmethod
    def embed(self, splits: Splits, split_names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
        """Embed all images of some split_names, block by block.

        Args:
            splits: Of the dataset.
            split_names: Names of split_names.

        Returns:
            Split and float [n, Z] of its next n images, split after split.

        Raises:
            InputError: If these images cannot be embedded.
        """

    def check(self, dataset: Dataset) -> None:  # noqa: B027 - most have nothing to refuse
        """Find out early whether it can stand in a table of `dataset`.

        Raises:
            InputError: If its images cannot be embedded.
        """

    def log_variance(self, images: Images) -> np.ndarray | None:
        """Log variance of the posterior, where there is one: float32 [N, Z] of uint8 images [N, H,
        W, C]."""
        return None

    def write_record(self) -> None:
        """Make the folder, with `representation.json` that says what it is of."""
        path = self.folder.representation
        record = {
            "name": self.name,
            "model": self.model,
            "identity": self.identity,
            "settings": self.settings,
        }
        if not path.is_file() or path.read_text() != json.dumps(record, indent=2) + "\n":
            write_json(path, record)


class EncoderRepresentation(Representation):
    """A representation that is a function of single images."""

    @abc.abstractmethod
    def encoder(self, splits: Splits) -> Encode:
        """Get ready to embed images of this dataset.

        Raises:
            InputError: If they cannot be embedded.
        """

    def embed(self, splits: Splits, split_names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
        encode = self.encoder(splits)
        batch_size = batch_size_of(splits.dataset.image_shape)
        for split in split_names:
            for block in embed_blocks(encode, splits[split].images, batch_size):
                yield split, block


def kept_in(parent: Path, name: str, identity: str) -> RunDirectory:
    """The folder of a representation that is no run: it changes with all that decides the
    embeddings."""
    return RunDirectory(parent / f"{slug(name)}-{identity[:8]}")


def digest(value: Any) -> str:
    """SHA-256 of a JSON value, in hexadecimal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
