"""A baseline that needs no training: the features of the comparator itself."""

import functools
import math
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfdeepsim.batches import over_batches
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.comparators.from_config import (
    check_comparator_of,
    comparator_identity,
    comparator_of,
    labels_seen_by,
)
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.adversarial_fields import discriminator_layers
from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.errors import InputError
from tfdeepsim.representations.baseline import Baseline, Fitted, fitting_rows
from tfdeepsim.representations.pca import fit_pca, project
from tfdeepsim.representations.representation import Encode


class ComparatorFeatures(Baseline):
    """Features of a comparator, reduced to the size of an embedding by PCA.

    Args:
        parent: Folder in which the baseline's own folder is created.
        latent_dim: Number of principal components, the size of the embedding.
        seed: Seed of the PCA, and of a comparator with random weights.
        config: Config of a run that uses the comparator. Without one, `check` refuses every
            dataset.

    Example:
        >>> config = TrainConfig(loss="perceptual", comparator="random_alexnet:relu2")
        >>> baseline = ComparatorFeatures(Path("runs/baselines"), 64, 0, config)
    """

    def __init__(self, parent: Path, latent_dim: int, seed: int, config: TrainConfig):
        settings: dict[str, object] = {"latent_dim": latent_dim, "seed": seed}
        if config.comparator is not None:
            settings |= comparator_identity(config)
        super().__init__("comparator_features", parent, settings)
        self.comparator = config.comparator or ""
        self.saw_labels = (labels_seen_by(config) or "") if self.comparator else ""
        self._config = config

    def check(self, dataset: Dataset) -> None:
        if not self.comparator:
            raise InputError(
                "the baseline comparator_features needs a comparator",
                got="none",
                accepted="a run with a feature loss, or --comparator NAME:LAYER",
            )
        if discriminator_layers(self.comparator):
            raise InputError(
                "the baseline comparator_features needs a comparator that is not trained",
                got=f"--comparator {self.comparator}",
                accepted="another comparator",
            )
        check_comparator_of(self._config, dataset.image_shape)

    def fit(self, splits: Splits) -> Fitted:
        images = splits["encoder_train"].images
        features = self._features(splits.dataset.image_shape)
        length = features(np.asarray(images[:1])).shape[1]
        rows = fitting_rows(images, self.settings["seed"], length)
        fitting_features = over_batches(features, images, rows=rows)
        return Fitted(fit_pca(fitting_features, self.settings["latent_dim"], self.settings["seed"]))

    def encoder_of(self, fitted: list[np.ndarray], image_shape: tuple[int, int, int]) -> Encode:
        features = self._features(image_shape)
        return lambda images: project(features(images), fitted)

    @functools.cached_property
    def _network(self) -> Comparator:
        return comparator_of(self._config)

    def _features(self, image_shape: tuple[int, int, int]) -> Encode:
        """A function from uint8 images [n, H, W, C] to the features of all layers, [n, length]."""
        comparator = self._network
        scales = _scales(comparator, image_shape)

        @tf.function(input_signature=[tf.TensorSpec((None, *image_shape), tf.uint8)])
        def flat(images: tf.Tensor) -> tf.Tensor:
            features = tf.nest.flatten(comparator(tf.cast(images, tf.float32) / 255.0))
            count = tf.shape(images)[0]
            scaled = [
                scale * tf.reshape(x, [count, -1])
                for scale, x in zip(scales, features, strict=True)
            ]
            return tf.concat(scaled, 1)

        return lambda images: flat(tf.constant(images)).numpy()


def _scales(comparator: Comparator, image_shape: tuple[int, int, int]) -> list[float]:
    """A factor for each layer, with which layers count in distances as in the feature loss."""
    if len(comparator.layers) == 1:
        return [1.0]
    shapes = comparator.feature_shapes(image_shape[:2])
    weights = comparator.layer_weights
    return [
        math.sqrt(weight / math.prod(shape)) for weight, shape in zip(weights, shapes, strict=True)
    ]
