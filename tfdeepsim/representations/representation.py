"""Representations: anything that embeds images and can be a row in a table of results."""

import abc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.batches import batch_size_of
from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.splits.split import Images
from tfdeepsim.embed import embed_batches
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, slug, write_json
from tfdeepsim.run import RunDirectory

Encode = Callable[[np.ndarray], np.ndarray]
"""A function from uint8 images [n, H, W, C] to float embeddings [n, Z]."""


class Representation(abc.ABC):
    """Anything that embeds images and can be a row in a table of results.

    Attributes:
        name: Name of its row, e.g. `ae`, `pca`, `clip.keras`.
        model: `ae` or `vae` for a trained run, one of `scores.BASELINES` for a baseline, `external`
            for encoders and embeddings that tfdeepsim did not train.
        loss: Loss that a run was trained with; empty for anything else.
        comparator: Comparator as `NAME:LAYER`; empty if no features are used.
        saw_labels: Dataset whose labels the comparator was trained with, as `Score.saw_labels`.
        encoder_saw_labels: The same of the encoder's first weights, as `Score.encoder_saw_labels`.
        folder: Folder that holds its embeddings and results.
        identity: SHA-256 digest of everything besides the data that determines its embeddings.
        settings: How it is built, as JSON values, for `representation.json`. A trained run, which
            has a record of its own, does without.

    Example:
        >>> representation = TrainedRun(RunDirectory("runs/ae"))
        >>> embeddings = embeddings_of(representation, "stl10", splits, ["test"])
    """

    name: str
    model: str
    loss: str = ""
    comparator: str = ""
    saw_labels: str = ""
    encoder_saw_labels: str = ""
    folder: RunDirectory
    identity: str
    settings: dict[str, Any]

    @abc.abstractmethod
    def embed(self, splits: Splits, split_names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
        """Embed all images of some splits, batch by batch.

        Args:
            splits: Splits of the dataset.
            split_names: Which of them to embed.

        Yields:
            Name of the split, and the embeddings of its next n images, float [n, Z]. One split
            follows the other.

        Raises:
            InputError: If these images cannot be embedded.
        """

    def check(self, dataset: Dataset) -> None:  # noqa: B027 - most representations accept anything
        """Check early whether the images of a dataset can be embedded.

        Raises:
            InputError: If they cannot.
        """

    def log_variance(self, images: Images) -> np.ndarray | None:
        """Log variance of the posterior of a variational encoder.

        Args:
            images: uint8 [N, H, W, C].

        Returns:
            float32 [N, Z]; None if there is no posterior.
        """
        return None

    def choices(self) -> dict[str, Any]:
        """Settings that were chosen by data, as JSON values for `representation.json`; none of them
        until the choice is made."""
        return {}

    def write_record(self) -> None:
        """Write `representation.json`, which says what the folder belongs to, if it is missing or
        outdated."""
        path = self.folder.representation
        record = {
            "name": self.name,
            "model": self.model,
            "identity": self.identity,
            "settings": self.settings | self.choices(),
        }
        try:
            outdated = read_json(path) != record
        except InputError:
            outdated = True
        if outdated:
            write_json(path, record)


class EncoderRepresentation(Representation):
    """A representation that embeds every image by itself.

    Example:
        >>> encode = Pca(Path("runs/baselines"), latent_dim=64, seed=0).encoder(splits)
        >>> embeddings = encode(np.asarray(splits["test"].images[:10]))
    """

    @abc.abstractmethod
    def encoder(self, splits: Splits) -> Encode:
        """Prepare to embed the images of a dataset.

        Args:
            splits: Splits of the dataset; a baseline is fitted to them if necessary.

        Returns:
            The function that embeds its images.

        Raises:
            InputError: If its images cannot be embedded.
        """

    def embed(self, splits: Splits, split_names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
        encode = self.encoder(splits)
        batch_size = batch_size_of(splits.dataset.image_shape)
        for split in split_names:
            for embeddings in embed_batches(encode, splits[split].images, batch_size):
                yield split, embeddings


def representation_folder(parent: Path, name: str, identity: str) -> RunDirectory:
    """The folder of a representation that is no trained run.

    Its name contains the start of `identity`, so that representations with other embeddings never
    share a folder.
    """
    return RunDirectory(parent / f"{slug(name)}-{identity[:8]}")
