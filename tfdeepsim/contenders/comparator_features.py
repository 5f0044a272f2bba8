"""The comparator's own features: what was known before any encoder was trained."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.contenders.baseline import Baseline, in_blocks, some_rows
from tfdeepsim.contenders.contender import Encode
from tfdeepsim.contenders.pca import fit_pca, project
from tfdeepsim.data.dataset import Dataset, Sources
from tfdeepsim.embed import digest_of
from tfdeepsim.errors import InputError


class ComparatorFeatures(Baseline):
    """Features of a comparator, brought to the size of an embedding by PCA, as `Pca` does with pixels.

    Args:
        parent: Where its folder is made.
        latent_dim: Components.
        seed: Of the PCA, and of a random comparator.
        comparator: `NAME:LAYER`; None where the table has none.
        weights: File with the comparator's weights.
        feature_activation: `none` or `sigmoid`.
    """

    def __init__(
        self,
        parent: Path,
        latent_dim: int,
        seed: int,
        comparator: str | None,
        weights: str | None,
        feature_activation: str,
    ):
        settings = {
            "latent_dim": latent_dim,
            "seed": seed,
            "comparator": comparator,
            "weights": weights and digest_of(Path(weights)),
            "feature_activation": feature_activation,
        }
        super().__init__("comparator_features", parent, settings)
        self.comparator = comparator or ""
        self._weights = weights

    def check(self, dataset: Dataset) -> None:
        if not self.comparator:
            raise InputError(
                "the baseline comparator_features needs a comparator",
                got="none",
                accepted="a run with a feature loss, or --comparator NAME:LAYER",
            )
        check_comparator(self.comparator, dataset.image_shape, self._weights)

    def fit(self, sources: Sources) -> list[np.ndarray]:
        images = sources["encoder_train"].images
        features = self._features(sources.dataset.image_shape)
        length = features(np.asarray(images[:1])).shape[1]
        rows = some_rows(images, self.settings["seed"], length)
        return fit_pca(in_blocks(features, images, rows), self.settings["latent_dim"], self.settings["seed"])

    def encoder_of(self, fitted: list[np.ndarray], image_shape: tuple[int, int, int]) -> Encode:
        features = self._features(image_shape)
        return lambda images: project(features(images), fitted)

    def _features(self, image_shape: tuple[int, int, int]) -> Encode:
        comparator = make_comparator(
            self.comparator, self._weights, self.settings["seed"], self.settings["feature_activation"]
        )

        @tf.function(input_signature=[tf.TensorSpec((None, *image_shape), tf.uint8)])
        def flat(images: tf.Tensor) -> tf.Tensor:
            features = comparator(tf.cast(images, tf.float32) / 255.0)
            return tf.reshape(features, [tf.shape(features)[0], -1])

        return lambda images: flat(tf.constant(images)).numpy()
