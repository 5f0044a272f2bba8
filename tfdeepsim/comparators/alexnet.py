"""The comparator that both papers use: AlexNet, with weights from a file or from a seed."""

import os
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators import alexnet_layers, alexnet_weights
from tfdeepsim.comparators.alexnet_layers import ADAPTIVE_SIZE, MEAN, STD, LayerShape
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.comparators.convolution import block_kernel, frozen_convolution, to_blocks
from tfdeepsim.errors import InputError


@keras.saving.register_keras_serializable("tfdeepsim")
class AlexNet(Comparator):
    """AlexNet in torchvision's shape (Krizhevsky 2014), built up to one of its layers.

    Pixels are scaled with ImageNet's mean and standard deviation. Dropout does nothing in a frozen network
    and is left out. Any image of at least `minimum_size` pixels is accepted: adaptive average
    pooling brings the last map to 6x6 before `fc6`, as in torchvision.

    Args:
        layer: One of `alexnet_layers.LAYER_NAMES`.
        weights_file: torchvision's `.pth`, or a `.safetensors` with the same tensors.
        seed: Draws random weights instead (`alexnet_weights.random_weights`).
        feature_activation: `none`, or `sigmoid` on the features.
        **options: `name` and `dtype` of the Keras layer.

    Raises:
        InputError: If there is no such layer; unless exactly one of `weights_file` and `seed` is given; if
            the file is missing, damaged or of another network.
    """

    def __init__(
        self,
        layer: str,
        *,
        weights_file: str | os.PathLike | None = None,
        seed: int | None = None,
        feature_activation: str = "none",
        **options: Any,
    ):
        if weights_file is not None and seed is None:
            weights_file = os.fspath(weights_file)
            weights, source = alexnet_weights.load_weights(weights_file, layer), weights_file
        elif seed is not None and weights_file is None:
            weights, source = alexnet_weights.random_weights(layer, seed), f"random, He uniform, seed {seed}"
        else:
            raise InputError(
                "AlexNet needs a weights file, or a seed for random weights",
                got="neither" if seed is None else "both",
                accepted="one of weights_file and seed",
            )
        super().__init__(
            layer,
            source=source,
            sha256=alexnet_weights.digest(weights),
            minimum_size=alexnet_layers.minimum_size(layer),
            feature_activation=feature_activation,
            **options,
        )
        self.weights_file = weights_file
        self.seed = seed
        self._steps = alexnet_layers.layers_to(layer)
        self._kernels: dict[str, keras.Variable] = {}
        self._biases: dict[str, keras.Variable] = {}
        for step in self._steps:
            if step.tensor:
                kernel = _kernel(step, weights[f"{step.tensor}.weight"])
                self._kernels[step.name] = self._constant(f"{step.name}_kernel", kernel)
                self._biases[step.name] = self._constant(f"{step.name}_bias", weights[f"{step.tensor}.bias"])
        self.built = True

    def _constant(self, name: str, value: np.ndarray) -> keras.Variable:
        value = np.ascontiguousarray(value)
        return self.add_weight(
            shape=value.shape,
            initializer=lambda shape, dtype: tf.cast(value, dtype),
            trainable=False,
            name=name,
        )

    def extract(self, images: tf.Tensor) -> tf.Tensor:
        x = images
        for step in self._steps:
            x = getattr(self, f"_{step.kind}")(step, x)
        return x

    def _conv(self, step: LayerShape, x: tf.Tensor) -> tf.Tensor:
        padding = step.padding
        if step.name == "conv1":
            x, padding = to_blocks(x, MEAN, self.compute_dtype), 0
        kernel, bias = self._weights_of(step)
        return tf.nn.bias_add(frozen_convolution(x, kernel, padding), bias)

    def _relu(self, step: LayerShape, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(x)

    def _pool(self, step: LayerShape, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.max_pool2d(x, step.kernel, step.stride, "VALID")

    def _dense(self, step: LayerShape, x: tf.Tensor) -> tf.Tensor:
        if step.name == "fc6":
            x = _adaptive_average_pool(x, ADAPTIVE_SIZE)
            x = tf.reshape(x, [-1, ADAPTIVE_SIZE**2 * x.shape[3]])
        kernel, bias = self._weights_of(step)
        return tf.nn.bias_add(tf.matmul(x, kernel), bias)

    def _weights_of(self, step: LayerShape) -> tuple[tf.Tensor, tf.Tensor]:
        kernel, bias = self._kernels[step.name], self._biases[step.name]
        return tf.cast(kernel, self.compute_dtype), tf.cast(bias, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return (input_shape[0], *alexnet_layers.feature_shape(self.layer, input_shape[1:3]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weights_file": self.weights_file, "seed": self.seed}


def _kernel(step: LayerShape, value: np.ndarray) -> np.ndarray:
    """A weight tensor of torchvision as it is used here."""
    if step.name == "conv1":
        # Dividing the kernel by STD spares dividing each image; the mean is subtracted before the padding.
        return block_kernel(value.transpose(2, 3, 1, 0) / np.array(STD, np.float32)[:, None])
    if step.kind == "conv":
        return value.transpose(2, 3, 1, 0)
    if step.name == "fc6":
        # torchvision flattens its 6x6 map channels first; here they come last.
        value = value.reshape(step.channels, -1, ADAPTIVE_SIZE, ADAPTIVE_SIZE).transpose(0, 2, 3, 1)
        return value.reshape(step.channels, -1).T
    return value.T


def _adaptive_average_pool(x: tf.Tensor, size: int) -> tf.Tensor:
    """Average over `size` x `size` bins that cover the map, and overlap where it does not divide evenly."""
    height, width = x.shape[1:3]
    if (height, width) == (size, size):
        return x
    x = tf.einsum("ih,bhwc->biwc", tf.constant(_bins(height, size), x.dtype), x)
    return tf.einsum("jw,biwc->bijc", tf.constant(_bins(width, size), x.dtype), x)


def _bins(length: int, count: int) -> np.ndarray:
    """[count, length]: the weight of each position in the average of each bin."""
    weights = np.zeros((count, length), np.float32)
    for index in range(count):
        start, end = index * length // count, -(-(index + 1) * length // count)
        weights[index, start:end] = 1 / (end - start)
    return weights
