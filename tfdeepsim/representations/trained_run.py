"""A trained run as a representation: its exported encoder."""

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.batches import over_batches
from tfdeepsim.comparators.weights.labels_seen import labels_in_record
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.splits.split import Images
from tfdeepsim.embed import check_image_shape, load_encoder
from tfdeepsim.errors import InputError
from tfdeepsim.files import sha256_of
from tfdeepsim.representations.representation import Encode, EncoderRepresentation
from tfdeepsim.run import RunDirectory


class TrainedRun(EncoderRepresentation):
    """A trained run, which embeds with the encoder that it exported.

    Args:
        run: The run directory.

    Attributes:
        config: The run's config.

    Raises:
        InputError: If this is no run directory.

    Example:
        >>> representation = TrainedRun(RunDirectory("runs/ae"))
        >>> embeddings = embeddings_of(representation, "stl10", splits, ["test"])
    """

    def __init__(self, run: RunDirectory):
        self.config = TrainConfig.from_dict(run.read_config())
        self.name = run.name
        self.model = self.config.model
        self.loss = self.config.loss_name
        self.comparator = self.config.comparator or ""
        self.saw_labels = _saw_labels(run, "comparator") if self.comparator else ""
        if self.config.encoder_weights != "random":
            self.encoder_saw_labels = _saw_labels(run, "encoder_weights")
        self.folder = run
        self.identity = sha256_of(run.encoder)

    def check(self, dataset: Dataset) -> None:
        check_image_shape(self._encoder, dataset.image_shape, self.folder.encoder)

    def encoder(self, splits: Splits) -> Encode:
        self.check(splits.dataset)
        encoder = self._encoder
        return lambda images: encoder.embed(tf.constant(images)).numpy()

    def log_variance(self, images: Images) -> np.ndarray | None:
        encoder = self._encoder
        check_image_shape(encoder, images.shape[1:], self.folder.encoder)
        if not hasattr(encoder, "posterior"):
            return None
        return over_batches(
            lambda batch: encoder.posterior(tf.constant(batch))["log_variance"], images
        )

    def write_record(self) -> None:
        """Do nothing: a run has a record of its own."""

    @functools.cached_property
    def _encoder(self) -> Any:
        return load_encoder(self.folder.encoder)


def _saw_labels(run: RunDirectory, network: str) -> str:
    try:
        record = run.read_environment().get(network)
    except InputError:
        record = None
    return labels_in_record(record or {})
