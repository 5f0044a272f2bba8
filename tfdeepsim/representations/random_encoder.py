"""An encoder that learned nothing: how far the architecture alone goes."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.splits.split import Images
from tfdeepsim.export import EncoderModule
from tfdeepsim.networks.pihlgren import Encoder, check_image_shape
from tfdeepsim.networks.precision import float32
from tfdeepsim.representations.baseline import Baseline
from tfdeepsim.representations.representation import Encode

BATCHES, BATCH_SIZE = 8, 64


class RandomEncoder(Baseline):
    """The encoder of Pihlgren et al. with its first weights.

    Batch normalization has the statistics of 512 images of `encoder_train`: with those it would
    start training with, no layer would see normalized inputs, and the network would be worse than
    an untrained one.

    Args:
        parent: Where its folder is made.
        latent_dim: Size of the embedding.
        seed: Of the weights.
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
        return network_encode(fitted, image_shape, self.settings["latent_dim"])


def calibrate(encoder: keras.Model, images: Images, seed: int) -> None:
    """Give the batch normalization of `encoder` the mean statistics of a few batches.

    Args:
        encoder: Its other weights stay as they are.
        images: uint8 [N, H, W, C].
        seed: Of the choice of images.
    """
    rows = np.random.default_rng(seed).permutation(len(images))[: BATCHES * BATCH_SIZE]
    layers = [
        layer for layer in encoder.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in layers]
    for number, start in enumerate(range(0, len(rows), BATCH_SIZE)):
        for layer in layers:
            layer.momentum = number / (number + 1)  # so that the moving statistics are a plain mean
        batch = images[np.sort(rows[start : start + BATCH_SIZE])]
        encoder(tf.cast(np.asarray(batch), tf.float32) / 255.0, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def network_encode(
    weights: list[np.ndarray], image_shape: tuple[int, int, int], latent_dim: int
) -> Encode:
    """The encoder of Pihlgren et al. with these weights, as a traced function of bytes."""
    with float32():
        encoder = Encoder(image_shape, latent_dim)
        encoder.set_weights(weights)
        module = EncoderModule(encoder, image_shape)
    return lambda images: module.embed(tf.constant(images)).numpy()
