"""A chain of layers that learns, with the arithmetic of the frozen one."""

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.architecture import Architecture
from tfdeepsim.comparators.chains.chain_comparator import arranged, as_in_files
from tfdeepsim.comparators.chains.forward import features
from tfdeepsim.comparators.weights.load import random_weights


def sized(architecture: Architecture, image_size: int) -> Architecture:
    """`architecture` as it is trained on square images: its dense layers read the map that these
    give.

    Raises:
        InputError: If the images are too small.
    """
    dense = next(index for index, step in enumerate(architecture.layers) if step.kind == "dense")
    side = architecture.feature_shape(
        architecture.layer_names[dense - 1], (image_size, image_size)
    )[0]
    return dataclasses.replace(architecture, pooled=min(side, architecture.pooled))


class TrainableChain(keras.Model):
    """A network of `comparators.architecture` with weights that are learned.

    Weights start as those of a random comparator (He et al. 2015). Between dense layers there is
    dropout of one half, as Krizhevsky et al. (2012) have it.

    Args:
        architecture: Its layers; all are built.
        seed: Of weights and dropout.
        dropout: Share of the features that are dropped between dense layers.
    """

    def __init__(self, architecture: Architecture, seed: int, dropout: float = 0.5, **options: Any):
        super().__init__(autocast=False, **options)
        self.architecture = architecture
        self.drop = keras.layers.Dropout(dropout, seed=seed)
        tensors = random_weights(architecture.tensor_shapes(architecture.layer_names[-1]), seed)
        self.parameters = {
            step.name: (
                self._variable(f"{step.name}_kernel", kernel),
                self._variable(f"{step.name}_bias", bias),
            )
            for step, (kernel, bias) in arranged(architecture.layers, tensors).items()
        }
        self.built = True

    def _variable(self, name: str, value: np.ndarray) -> keras.Variable:
        return self.add_weight(
            shape=value.shape, initializer=lambda shape, dtype: tf.cast(value, dtype), name=name
        )

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The last layer's features.

        Args:
            images: [B, H, W, 3], float, in [0, 1].
            training: Whether features are dropped.

        Returns:
            float32 [B, c].
        """
        last = self.architecture.layer_names[-1]
        found = features(
            self.architecture,
            tf.cast(images, tf.float32),
            {
                name: tuple(map(tf.convert_to_tensor, pair))
                for name, pair in self.parameters.items()
            },
            [last],
            convolve=_convolve,
            dtype=tf.as_dtype(self.compute_dtype),
            drop=lambda x: self.drop(x, training=training),
        )
        return tf.cast(found[last], tf.float32)

    def tensors(self, kept: str) -> dict[str, np.ndarray]:
        """Weights up to the layer `kept`, named and shaped as in files."""
        steps = self.architecture.up_to(kept)
        return as_in_files(
            steps, {name: tuple(v.numpy() for v in pair) for name, pair in self.parameters.items()}
        )


def _convolve(images: tf.Tensor, kernel: tf.Tensor, padding: int) -> tf.Tensor:
    return tf.nn.conv2d(images, kernel, 1, [[0, 0], [padding, padding], [padding, padding], [0, 0]])
