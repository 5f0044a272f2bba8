"""A trainable chain of layers, with the arithmetic of the frozen comparator."""

import dataclasses
from collections.abc import Collection
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.architecture import Architecture, Layer
from tfdeepsim.comparators.chains.forward import features
from tfdeepsim.comparators.chains.tensor_layout import kernels_from_tensors, tensors_from_kernels
from tfdeepsim.comparators.weights.load import random_weights


def sized(architecture: Architecture, image_size: int) -> Architecture:
    """Adapt the first dense layer of `architecture` to the map that square training images give.

    Args:
        architecture: Architecture of the comparator.
        image_size: Height and width of the training images in pixels.

    Raises:
        InputError: If the images are too small.
    """
    dense = next(index for index, step in enumerate(architecture.layers) if step.kind == "dense")
    side = architecture.feature_shape(
        architecture.layer_names[dense - 1], (image_size, image_size)
    )[0]
    return dataclasses.replace(architecture, pooled=min(side, architecture.pooled))


@keras.saving.register_keras_serializable("tfdeepsim")
class TrainableChain(keras.Model):
    """A comparator's chain of layers with trainable weights.

    Initial weights are those of a random comparator (He et al. 2015). There is dropout between
    dense layers, by default of one half as in Krizhevsky et al. (2012).

    Args:
        architecture: The layers, all of which are built.
        seed: Seed of the initial weights and of dropout.
        dropout: Share of the features that is dropped between dense layers.
        frozen: Names of layers whose weights are not trained. If they are the first ones, no
            gradient is computed through them.

    Example:
        >>> network = TrainableChain(ARCHITECTURES["alexnet"], seed=0)
        >>> logits = network(images, training=True)
    """

    def __init__(
        self,
        architecture: Architecture,
        seed: int,
        dropout: float = 0.5,
        frozen: Collection[str] = (),
        **options: Any,
    ):
        super().__init__(autocast=False, **options)
        self.architecture = architecture
        self.seed = seed
        self.drop = keras.layers.Dropout(dropout, seed=seed)
        self.frozen = tuple(frozen)
        tensors = random_weights(architecture.tensor_shapes(architecture.layer_names[-1]), seed)
        self.parameters = {
            name: (self._variable(name, "kernel", kernel), self._variable(name, "bias", bias))
            for name, (kernel, bias) in kernels_from_tensors(architecture.layers, tensors).items()
        }
        self.built = True

    def get_config(self) -> dict[str, Any]:
        return {
            "architecture": dataclasses.asdict(self.architecture),
            "seed": self.seed,
            "dropout": self.drop.rate,
            "frozen": list(self.frozen),
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "TrainableChain":
        fields = dict(config["architecture"])
        fields |= {name: tuple(fields[name]) for name in ("mean", "std")}
        fields["layers"] = tuple(Layer(**layer) for layer in fields["layers"])
        return cls(**{**config, "architecture": Architecture(**fields)})

    def _variable(self, layer: str, name: str, value: np.ndarray) -> keras.Variable:
        return self.add_weight(
            shape=value.shape,
            initializer=lambda shape, dtype: tf.cast(value, dtype),
            trainable=layer not in self.frozen,
            name=f"{layer}_{name}",
        )

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Features of the last layer.

        Args:
            images: float [B, H, W, 3] in [0, 1].
            training: Whether dropout is used.

        Returns:
            float32 [B, c].
        """
        last = self.architecture.layer_names[-1]
        outputs = features(
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
        return tf.cast(outputs[last], tf.float32)

    def tensors(self, last_layer: str) -> dict[str, np.ndarray]:
        """Weights of the layers up to `last_layer`, with names and shapes as in weights files."""
        steps = self.architecture.up_to(last_layer)
        return tensors_from_kernels(
            steps, {name: tuple(v.numpy() for v in pair) for name, pair in self.parameters.items()}
        )


def _convolve(images: tf.Tensor, kernel: tf.Tensor, padding: int) -> tf.Tensor:
    return tf.nn.conv2d(images, kernel, 1, [[0, 0], [padding, padding], [padding, padding], [0, 0]])
