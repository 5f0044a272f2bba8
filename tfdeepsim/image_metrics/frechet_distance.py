"""The Fréchet distance of features as a metric of Keras."""

import math
import os
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.image_metrics.feature_metric import FeatureMetric


@keras.saving.register_keras_serializable("tfdeepsim")
class FID(FeatureMetric):
    """Fréchet distance of the features of outputs and targets (Heusel et al. 2017, eq. 6), over all
    images since the last `reset_state`, as `fidelity.frechet.frechet_distance` computes it.

    Means and covariances are accumulated in float64, so the result does not depend on batches or
    replicas. It is called FID for features of the published Inception network: over those of
    another network only numbers of the same network, layer and number of images can be compared.
    For few images, less than several times `width`, it is too high; see `KID`.

    The result takes an eigendecomposition [width, width]. Keras asks for it after each batch, so
    put it into `metrics=[...]` of an evaluation, or of a training with a layer of few channels.

    Args:
        comparator: `NAME:LAYER` of one layer, or such a `Comparator`; features are averaged over
            positions.
        weights: File with the comparator's weights; None for those that come with the package.
        value_range: Values of black and white in the targets: (0, 1), (-1, 1) or (0, 255).
        name: Name of the metric in logs.
        dtype: Policy in which the comparator computes; None for Keras' global policy.

    Attributes:
        comparator: The `Comparator`.
        width: Number of features of an image.

    Raises:
        InputError: If there is no such comparator or layer, its weights are missing, it has several
            layers; when updated: if the images are not colour images [B, H, W, 3] of one shape, too
            small for the layer, out of range or NaN, or there are sample weights.

    Example:
        >>> metric = tds.FID("random_alexnet:relu1")
        >>> metric.update_state(images, images)
        >>> abs(float(metric.result())) < 1e-6
        True
    """

    def __init__(
        self,
        comparator: str | Comparator = "alexnet:pool5",
        *,
        weights: str | os.PathLike | None = None,
        value_range: Sequence[float] = (0, 1),
        name: str | None = "fid",
        dtype: Any = None,
    ):
        super().__init__(comparator, weights, value_range, name, dtype)
        self._count = self._sum("count", ())
        self._sums = [self._sum(f"sum_{side}", (self.width,)) for side in (0, 1)]
        self._products = [self._sum(f"products_{side}", (self.width,) * 2) for side in (0, 1)]

    def _sum(self, name: str, shape: tuple[int, ...]) -> keras.Variable:
        return self.add_variable(shape, "zeros", dtype="float64", name=name)

    def count(self, targets: tf.Tensor, outputs: tf.Tensor) -> None:
        self._count.assign_add(tf.cast(tf.shape(targets)[0], tf.float64))
        for side, features in enumerate((targets, outputs)):
            self._sums[side].assign_add(tf.reduce_sum(features, axis=0))
            self._products[side].assign_add(tf.matmul(features, features, transpose_a=True))

    def result(self) -> tf.Tensor:
        """The distance, float32, at least 0; NaN for fewer than two images."""
        count = tf.convert_to_tensor(self._count)
        means, roots = [], []
        for total, products in zip(self._sums, self._products, strict=True):
            mean = tf.math.divide_no_nan(tf.convert_to_tensor(total), count)
            products = tf.convert_to_tensor(products) - count * mean[:, None] * mean
            means.append(mean)
            roots.append(_root(tf.math.divide_no_nan(products, tf.maximum(count - 1, 0))))
        # As in fidelity.frechet: the trace of the root of the product is the sum of the singular
        # values of the product of the roots.
        shared = tf.reduce_sum(tf.linalg.svd(roots[0] @ roots[1], compute_uv=False))
        spread = tf.add_n([tf.reduce_sum(tf.square(root)) for root in roots])
        shift = tf.reduce_sum(tf.math.squared_difference(*means))
        distance = tf.maximum(shift + spread - 2.0 * shared, 0.0)
        return tf.cast(tf.where(count < 2, tf.constant(math.nan, tf.float64), distance), tf.float32)


def _root(covariance: tf.Tensor) -> tf.Tensor:
    """The symmetric square root; eigenvalues within rounding errors count as 0."""
    values, vectors = tf.linalg.eigh(covariance)
    largest = tf.reduce_max(tf.abs(values))
    rounding = tf.float64.as_numpy_dtype(2**-52) * covariance.shape[0] * largest
    kept = tf.where(values > rounding, values, 0.0)
    return tf.matmul(vectors * tf.sqrt(kept), vectors, transpose_b=True)
