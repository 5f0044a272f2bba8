"""Heads: the encoding of labels, the training loss, and the decoding of outputs for each task."""

from typing import Protocol

import numpy as np
import tensorflow as tf

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.data.standardizer import Standardizer


class Head(Protocol):
    """The connection between the outputs of an MLP and the labels of a task.

    Attributes:
        outputs: Number of outputs, K.

    Example:
        >>> head = make_head("classification", train, validation)
        >>> class_ids = head.decode(logits)
    """

    outputs: int

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """Bring labels into the form that `loss` takes."""
        ...

    def loss(self, outputs: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
        """Loss of each example.

        Args:
            outputs: Outputs of M MLPs, float32 [M, B, K].
            encoded: Encoded labels, [M, B, ...] for each MLP, or [B, ...] for all of them.

        Returns:
            float32 [M, B].
        """
        ...

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Predicted labels for outputs [..., N, K]."""
        ...


class RegressionHead:
    """Squared error, averaged over coordinates, on labels standardised by probe-train.

    Args:
        labels: Labels of probe-train, float [N, K].
        standardize: Whether labels are standardised; otherwise the error is in label units, as in
            the public code of Pihlgren et al.

    Attributes:
        outputs: Number of coordinates, K.

    Example:
        >>> head = RegressionHead(positions)
        >>> predicted = head.decode(outputs)  # in the units of `positions`
    """

    def __init__(self, labels: np.ndarray, standardize: bool = True):
        self.outputs = labels.shape[1]
        self._standardizer = (
            Standardizer(labels) if standardize else Standardizer.identity(self.outputs)
        )

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """Labels, standardised if `standardize` says so, float32 [N, K]."""
        return self._standardizer.apply(labels)

    def loss(self, outputs: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
        """Mean squared error over coordinates of each example, float32 [M, B]."""
        return _mean_squared_error(outputs, encoded)

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Predicted labels in label units, float64 [..., N, K]."""
        return self._standardizer.invert(outputs)


class ClassificationHead:
    """Softmax cross-entropy from logits, in nats.

    Args:
        classes: Class ids that occur in probe-train or probe-validation, sorted, int [K]. They need
            not be consecutive.

    Attributes:
        outputs: Number of classes, K.

    Example:
        >>> head = ClassificationHead(np.array([2, 7, 9]))
        >>> head.decode(np.array([[0.1, 0.7, 0.2]]))
        array([7])
    """

    def __init__(self, classes: np.ndarray):
        self.outputs = len(classes)
        self._classes = classes

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """Indices of the class ids, int32 [N] in 0 to K - 1."""
        return np.searchsorted(self._classes, labels).astype(np.int32)

    def loss(self, outputs: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
        """Cross-entropy of each example, float32 [M, B]."""
        labels = tf.broadcast_to(encoded, tf.shape(outputs)[:-1])
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=outputs)

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Predicted class ids, int64 [..., N]."""
        return self._classes[np.argmax(outputs, axis=-1)]


class OneHotHead(ClassificationHead):
    """Squared error to one-hot vectors of the classes, averaged over the classes.

    Source: the public code of Pihlgren et al., which trains all probes by the squared error.

    Args:
        classes: As for `ClassificationHead`.

    Example:
        >>> head = OneHotHead(np.array([2, 7, 9]))
        >>> head.encode(np.array([7]))
        array([[0., 1., 0.]], dtype=float32)
    """

    def encode(self, labels: np.ndarray) -> np.ndarray:
        """One-hot vectors of the class ids, float32 [N, K]."""
        return np.eye(self.outputs, dtype=np.float32)[super().encode(labels)]

    def loss(self, outputs: tf.Tensor, encoded: tf.Tensor) -> tf.Tensor:
        """Mean squared error over classes of each example, float32 [M, B]."""
        return _mean_squared_error(outputs, encoded)


def make_head(
    task: str, train: EmbeddingSplit, validation: EmbeddingSplit, raw_targets: bool = False
) -> Head:
    """Create the head of a task.

    Args:
        task: `"regression"` or `"classification"`.
        train: Checked examples of probe-train.
        validation: Checked examples of probe-validation; its classes get outputs too.
        raw_targets: As for `MlpSuite`.
    """
    if task == "regression":
        return RegressionHead(train.labels, standardize=not raw_targets)
    classes = np.union1d(train.labels, validation.labels)
    return OneHotHead(classes) if raw_targets else ClassificationHead(classes)


def _mean_squared_error(outputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.math.squared_difference(outputs, targets), axis=-1)
