"""A trained run as a contender: its exported encoder."""

import numpy as np
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.contenders.contender import Encode, ImageContender
from tfdeepsim.data.dataset import Dataset, Sources
from tfdeepsim.data.source import Images
from tfdeepsim.embed import batch_size_of, embed_blocks, load_encoder
from tfdeepsim.run import RunDirectory, digest_of


def run_contender(run: RunDirectory) -> "TrainedRun":
    """A trained run, embedding with the encoder that it exported.

    Raises:
        InputError: If this is no run directory.
    """
    return TrainedRun(run)


class TrainedRun(ImageContender):
    """See `run_contender`."""

    def __init__(self, run: RunDirectory):
        config = TrainConfig.from_dict(run.read_config())
        self.name = run.name
        self.model = config.model
        self.loss = config.loss_name
        self.comparator = config.comparator or ""
        self.folder = run
        self.identity = digest_of(run.encoder)

    def check(self, dataset: Dataset) -> None:
        load_encoder(self.folder.encoder, dataset.image_shape)

    def encoder(self, sources: Sources) -> Encode:
        encoder = load_encoder(self.folder.encoder, sources.dataset.image_shape)
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
