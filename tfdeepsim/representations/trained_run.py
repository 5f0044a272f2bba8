"""A trained run as a representation: its exported encoder."""

import numpy as np
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.splits.split import Images
from tfdeepsim.embed import batch_size_of, embed_blocks, load_encoder
from tfdeepsim.files import sha256_of
from tfdeepsim.representations.representation import Encode, EncoderRepresentation
from tfdeepsim.run import RunDirectory


def run_representation(run: RunDirectory) -> "TrainedRun":
    """A trained run, embedding with the encoder that it exported.

    Raises:
        InputError: If this is no run directory.
    """
    return TrainedRun(run)


class TrainedRun(EncoderRepresentation):
    """See `run_representation`."""

    def __init__(self, run: RunDirectory):
        config = TrainConfig.from_dict(run.read_config())
        self.name = run.name
        self.model = config.model
        self.loss = config.loss_name
        self.comparator = config.comparator or ""
        self.folder = run
        self.identity = sha256_of(run.encoder)

    def check(self, dataset: Dataset) -> None:
        load_encoder(self.folder.encoder, dataset.image_shape)

    def encoder(self, splits: Splits) -> Encode:
        encoder = load_encoder(self.folder.encoder, splits.dataset.image_shape)
        return lambda images: encoder.embed(tf.constant(images)).numpy()

    def log_variance(self, images: Images) -> np.ndarray | None:
        encoder = load_encoder(self.folder.encoder, images.shape[1:])
        if not hasattr(encoder, "posterior"):
            return None

        def encode(batch: np.ndarray) -> np.ndarray:
            return encoder.posterior(tf.constant(batch))["log_variance"].numpy()

        blocks = embed_blocks(encode, images, batch_size_of(images.shape[1:]))
        return np.concatenate(list(blocks))

    def write_record(self) -> None:
        """A run keeps its own record."""
