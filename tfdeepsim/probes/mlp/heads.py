"""Heads: what the outputs of a probe mean, how they are judged in training, and how they are
read."""

from typing import Protocol

import numpy as np
import tensorflow as tf

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.data.standardizer import Standardizer


class Head(Protocol):
    """The link between the outputs of a network and the labels of a task."""

    outputs: int

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """Labels as `loss` wants them."""
        ...

    def loss(self, outputs: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
        """One value per example, [M, B] for outputs [M, B, K]; labels for each of M networks, or
        for all."""
        ...

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Predicted labels for outputs [..., N, K]."""
        ...


class RegressionHead:
    """Squared error, averaged over coordinates, on labels standardised by probe-train.

    Args:
        labels: Labels of probe-train, float [N, K].
    """

    def __init__(self, labels: np.ndarray):
        self.outputs = labels.shape[1]
        self._standardizer = Standardizer(labels)

    def encode(self, labels: np.ndarray) -> np.ndarray:
        return self._standardizer.apply(labels)

    def loss(self, outputs: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.math.squared_difference(outputs, encoded), axis=-1)

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """In label units, float64 [..., N, K]."""
        return self._standardizer.invert(outputs)


class ClassificationHead:
    """Softmax cross-entropy from logits, in nats.

    The authors' later code trains on the squared error to one-hot labels instead; that is not
    offered.

    Args:
        classes: Class ids that occur in probe-train or probe-validation, sorted, int [K]. They need
            not be consecutive.
    """

    def __init__(self, classes: np.ndarray):
        self.outputs = len(classes)
        self._classes = classes

    def encode(self, labels: np.ndarray) -> np.ndarray:
        return np.searchsorted(self._classes, labels).astype(np.int32)

    def loss(self, outputs: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
        labels = tf.broadcast_to(encoded, tf.shape(outputs)[:-1])
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=outputs)

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Class ids, int64 [..., N]."""
        return self._classes[np.argmax(outputs, axis=-1)]


def make_head(task: str, train: EmbeddingSplit, validation: EmbeddingSplit) -> Head:
    """The head for a checked task and its checked splits."""
    if task == "regression":
        return RegressionHead(train.labels)
    return ClassificationHead(np.union1d(train.labels, validation.labels))
