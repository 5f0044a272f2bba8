"""The comparator's own features: what was known before any encoder was trained."""

import math
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.comparators.from_config import check_asked, comparator_of, identity
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.errors import InputError
from tfdeepsim.representations.baseline import Baseline, in_blocks, some_rows
from tfdeepsim.representations.pca import fit_pca, project
from tfdeepsim.representations.representation import Encode


class ComparatorFeatures(Baseline):
    """Features of a comparator, brought to the size of an embedding by PCA, as `Pca` does with
    pixels.

    Args:
        parent: Where its folder is made.
        latent_dim: Components.
        seed: Of the PCA.
        compared: The config whose comparator it is; without one where the table has none.
    """

    def __init__(self, parent: Path, latent_dim: int, seed: int, compared: TrainConfig):
        settings: dict[str, object] = {"latent_dim": latent_dim, "seed": seed}
        if compared.comparator is not None:
            settings |= identity(compared)
        super().__init__("comparator_features", parent, settings)
        self.comparator = compared.comparator or ""
        self._compared = compared

    def check(self, dataset: Dataset) -> None:
        if not self.comparator:
            raise InputError(
                "the baseline comparator_features needs a comparator",
                got="none",
                accepted="a run with a feature loss, or --comparator NAME:LAYER",
            )
        check_asked(self._compared, dataset.image_shape)

    def fit(self, splits: Splits) -> list[np.ndarray]:
        images = splits["encoder_train"].images
        features = self._features(splits.dataset.image_shape)
        length = features(np.asarray(images[:1])).shape[1]
        rows = some_rows(images, self.settings["seed"], length)
        return fit_pca(
            in_blocks(features, images, rows), self.settings["latent_dim"], self.settings["seed"]
        )

    def encoder_of(self, fitted: list[np.ndarray], image_shape: tuple[int, int, int]) -> Encode:
        features = self._features(image_shape)
        return lambda images: project(features(images), fitted)

    def _features(self, image_shape: tuple[int, int, int]) -> Encode:
        comparator = comparator_of(self._compared)
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
    """Of each layer's features, so that several layers count in distances as they do in the feature
    loss."""
    if len(comparator.layers) == 1:
        return [1.0]
    shapes = comparator.feature_shapes(image_shape[:2])
    weights = comparator.layer_weights
    return [
        math.sqrt(weight / math.prod(shape)) for weight, shape in zip(weights, shapes, strict=True)
    ]
