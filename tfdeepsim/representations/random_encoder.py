"""A baseline that shows how far the architecture alone goes: an untrained encoder."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.batches import batch_slices, over_batches
from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.splits.labelled import TARGET, labelled
from tfdeepsim.data.splits.split import Images
from tfdeepsim.export import EncoderModule
from tfdeepsim.networks.pihlgren import Encoder, check_image_shape
from tfdeepsim.networks.precision import float32
from tfdeepsim.pixels import to_floats
from tfdeepsim.probes.scikit_learn.ridge import quick_metric, quick_score
from tfdeepsim.representations.baseline import Baseline, Fitted
from tfdeepsim.representations.representation import Encode

BATCHES, BATCH_SIZE = 8, 64
"""Images that batch normalization is calibrated with: 8 batches of 64."""
PROBE_EXAMPLES = {"probe_train": 2000, "probe_validation": 1000}
"""Largest number of images of each split that the batch statistics are chosen with."""


class RandomEncoder(Baseline):
    """The encoder of Pihlgren et al. 2020 with its initial weights.

    Its batch statistics are either `untouched`, as initialized, or `calibrated`, those of 512
    images of `encoder_train`: whichever gives the better score on `probe_validation` of a ridge
    regression that is trained on `probe_train`. The two are unequally good on different datasets,
    and a trained encoder should beat both. Without labels they are calibrated.

    Args:
        parent: Folder in which the baseline's own folder is created.
        latent_dim: Size of the embedding.
        seed: Seed of the weights and of the choice of images.

    Example:
        >>> baseline = RandomEncoder(Path("runs/baselines"), latent_dim=64, seed=0)
        >>> embeddings = embeddings_of(baseline, "stl10", splits, ["test"])
    """

    def __init__(self, parent: Path, latent_dim: int, seed: int):
        settings = {
            "latent_dim": latent_dim,
            "seed": seed,
            "batch_statistics": "chosen by validation",
        }
        super().__init__("random_encoder", parent, settings)

    def check(self, dataset: Dataset) -> None:
        check_image_shape(dataset.image_shape)

    def fit(self, splits: Splits) -> Fitted:
        seed, has_labels = self.settings["seed"], splits.dataset.task is not None
        weights, scores = {}, {}
        with float32():
            keras.utils.set_random_seed(seed)
            encoder = Encoder(splits.dataset.image_shape, self.settings["latent_dim"])
            for statistics in ("untouched", "calibrated"):
                if statistics == "calibrated":
                    calibrate(encoder, splits["encoder_train"].images, seed)
                weights[statistics] = [variable.numpy() for variable in encoder.weights]
                if has_labels:
                    scores[statistics] = validation_score(encoder, splits)
        if not has_labels:
            return Fitted(weights["calibrated"], {"chosen": "calibrated"})
        metric, higher_is_better = quick_metric(splits.dataset.labelled()[0])
        chosen = (max if higher_is_better else min)(scores, key=scores.__getitem__)
        return Fitted(weights[chosen], {"chosen": chosen, f"validation_{metric}": scores})

    def choices(self) -> dict[str, Any]:
        choices = self.choices_by_dataset()
        return {"batch_statistics": choices} if choices else {}

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


def validation_score(encoder: keras.Model, splits: Splits) -> float:
    """Score of a ridge regression on embeddings; the test split is not read.

    Args:
        encoder: Network of images, whose output `latent` is the embedding.
        splits: Splits of a dataset with labels.

    Returns:
        Accuracy, 0 to 1, or mean L1 distance in label units, on some images of `probe_validation`,
        after training on some of `probe_train`.

    Raises:
        InputError: As `quick_score`, e.g. if one of the two splits has no image with a label.
    """
    train, validation = (
        _embedded(encoder, splits, name, count) for name, count in PROBE_EXAMPLES.items()
    )
    return quick_score(train, validation, splits.dataset.labelled()[0])


def _embedded(
    encoder: keras.Model, splits: Splits, name: str, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings and labels of up to `count` images of a split that serve probes."""
    split = labelled(splits, name)
    rows = np.sort(np.random.default_rng(0).permutation(len(split.images))[:count])
    labels = split.labels[TARGET][rows]
    if not len(rows):
        return np.empty((0, encoder.latent_dim), np.float32), labels
    embeddings = over_batches(
        lambda batch: encoder(to_floats(batch), training=False)["latent"], split.images, rows=rows
    )
    return embeddings, labels


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
