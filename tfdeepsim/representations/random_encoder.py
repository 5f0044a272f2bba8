"""A baseline that shows how far the architecture alone goes: an untrained encoder."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.batches import batch_slices
from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.splits.split import Images
from tfdeepsim.export import EncoderModule
from tfdeepsim.networks.pihlgren import Encoder, check_image_shape
from tfdeepsim.networks.precision import float32
from tfdeepsim.pixels import to_floats
from tfdeepsim.representations.baseline import Baseline
from tfdeepsim.representations.representation import Encode

BATCHES, BATCH_SIZE = 8, 64
"""Images that batch normalization is calibrated with: 8 batches of 64."""


class RandomEncoder(Baseline):
    """The encoder of Pihlgren et al. 2020 with its initial weights.

    Batch normalization uses the statistics of 512 images of `encoder_train`. With its initial
    statistics no layer would see normalized inputs, and the baseline would be weaker than an
    encoder at the start of training.

    Args:
        parent: Folder in which the baseline's own folder is created.
        latent_dim: Size of the embedding.
        seed: Seed of the weights and of the choice of images.

    Example:
        >>> baseline = RandomEncoder(Path("runs/baselines"), latent_dim=64, seed=0)
        >>> embeddings = embeddings_of(baseline, "stl10", splits, ["test"])
    """

    def __init__(self, parent: Path, latent_dim: int, seed: int):
        super().__init__("random_encoder", parent, {"latent_dim": latent_dim, "seed": seed})

    def check(self, dataset: Dataset) -> None:
        check_image_shape(dataset.image_shape)

    def fit(self, splits: Splits) -> list[np.ndarray]:
        with float32():
            keras.utils.set_random_seed(self.settings["seed"])
            encoder = Encoder(splits.dataset.image_shape, self.settings["latent_dim"])
            calibrate(encoder, splits["encoder_train"].images, self.settings["seed"])
        return [variable.numpy() for variable in encoder.weights]

    def encoder_of(self, fitted: list[np.ndarray], image_shape: tuple[int, int, int]) -> Encode:
        return encoder_function(fitted, image_shape, self.settings["latent_dim"])


def calibrate(encoder: keras.Model, images: Images, seed: int) -> None:
    """Set the statistics of batch normalization to the mean over a few batches.

    Args:
        encoder: Network whose moving statistics are set; its other weights stay as they are.
        images: uint8 [N, H, W, C].
        seed: Seed of the choice of images.
    """
    rows = np.random.default_rng(seed).permutation(len(images))[: BATCHES * BATCH_SIZE]
    layers = [
        layer for layer in encoder.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in layers]
    for number, batch in enumerate(batch_slices(len(rows), BATCH_SIZE)):
        for layer in layers:
            # With this momentum a moving average is the mean of all batches so far.
            layer.momentum = number / (number + 1)
        encoder(tf.constant(to_floats(images[np.sort(rows[batch])])), training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def encoder_function(
    weights: list[np.ndarray], image_shape: tuple[int, int, int], latent_dim: int
) -> Encode:
    """The encoder of Pihlgren et al. 2020 as a traced function of uint8 images.

    Args:
        weights: Weights of `pihlgren.Encoder`, in the order of its `weights`.
        image_shape: (H, W, C).
        latent_dim: Size of the embedding.
    """
    with float32():
        encoder = Encoder(image_shape, latent_dim)
        encoder.set_weights(weights)
        module = EncoderModule(encoder, image_shape)
    return lambda images: module.embed(tf.constant(images)).numpy()
