"""A comparator's network, built from stock layers of Keras up to one layer."""

from collections.abc import Callable, Mapping

import keras
import numpy as np

from tfdeepsim.comparators.chains.architecture import Architecture, Layer
from tfdeepsim.comparators.chains.forward import LRN_ALPHA, LRN_BETA, LRN_BIAS, bins
from tfdeepsim.comparators.chains.tensor_layout import kernels_from_tensors
from tfdeepsim.export.stock_layers import standardization

KernelAndBias = tuple[np.ndarray, np.ndarray]


def comparator_features(
    network: Architecture,
    tensors: Mapping[str, np.ndarray],
    layer: str,
    image_shape: tuple[int, int, int],
) -> keras.Model:
    """A model of stock layers that computes the features of a comparator at one layer.

    Args:
        network: The network.
        tensors: Its weights by their name in files, at least up to `layer`.
        layer: Name of the layer.
        image_shape: (H, W, 3) of the images.

    Returns:
        A model from images, float32 [B, H, W, 3] in [0, 1], to a dictionary with `latent`: float32
        [B, h, w, c], or [B, c] from the first dense layer on.

    Raises:
        InputError: If there is no such layer, or images of that size do not reach it.

    Example:
        >>> model = comparator_features(ALEXNET, tensors, "relu2", (64, 64, 3))
        >>> features = model(tf.zeros((5, 64, 64, 3)))["latent"]
    """
    network.feature_shape(layer, image_shape[:2])
    steps = network.up_to(layer)
    kernels = kernels_from_tensors(steps, tensors)
    images = keras.Input(image_shape)
    x = standardization(network.mean, network.std, "input_scaling")(images)
    for step in steps:
        if step.kind == "dense":
            x = _dense(network, step, x, kernels[step.name])
        elif step.kind == "conv":
            kernel, bias = kernels[step.name]
            if network.bgr and step is steps[0]:
                kernel = kernel[:, :, ::-1]
            x = _convolution(step, x, (kernel, bias))
        else:
            x = _PLAIN[step.kind](step, x)
    return keras.Model(images, {"latent": x}, name="comparator")


def _dense(
    network: Architecture, step: Layer, x: keras.KerasTensor, weights: KernelAndBias
) -> keras.KerasTensor:
    kernel, bias = weights
    if len(x.shape) == 4:
        kernel = _of_map(kernel, x.shape[1:3], network.pooled)
        x = keras.layers.Flatten()(x)
    layer = keras.layers.Dense(step.channels, name=step.name)
    x = layer(x)
    layer.set_weights([kernel, bias])
    return x


def _of_map(kernel: np.ndarray, size: tuple[int, int], pooled: int) -> np.ndarray:
    """The kernel of the first dense layer for a map that is not averaged to `pooled` positions a
    side before: the average is a part of the product."""
    if size == (pooled, pooled):
        return kernel
    down, across = (bins(side, pooled) for side in size)
    kernel = kernel.reshape(pooled, pooled, -1, kernel.shape[1])
    kernel = np.einsum("ih,jw,ijco->hwco", down, across, kernel, optimize=True)
    return kernel.reshape(-1, kernel.shape[3])


def _convolution(step: Layer, x: keras.KerasTensor, weights: KernelAndBias) -> keras.KerasTensor:
    """A convolution, one for each group: converters and CPUs know no grouped ones."""
    if step.padding:
        x = keras.layers.ZeroPadding2D(step.padding)(x)
    if step.groups == 1:
        return _ungrouped(step.name, step.stride, x, weights)
    parts = zip(
        keras.ops.split(x, step.groups, axis=-1),
        *(np.split(value, step.groups, axis=-1) for value in weights),
        strict=True,
    )
    outputs = [
        _ungrouped(f"{step.name}_group{index}", step.stride, part, (kernel, bias))
        for index, (part, kernel, bias) in enumerate(parts)
    ]
    return keras.layers.Concatenate(name=step.name)(outputs)


def _ungrouped(
    name: str, stride: int, x: keras.KerasTensor, weights: KernelAndBias
) -> keras.KerasTensor:
    kernel, _ = weights
    layer = keras.layers.Conv2D(kernel.shape[3], kernel.shape[0], strides=stride, name=name)
    x = layer(x)
    layer.set_weights(weights)
    return x


def _relu(step: Layer, x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.ReLU(name=step.name)(x)


def _pool(step: Layer, x: keras.KerasTensor) -> keras.KerasTensor:
    over = [(step.size(side) - 1) * step.stride + step.kernel - side for side in x.shape[1:3]]
    if step.ceil and max(over) > 0:
        # What is pooled went through a ReLU, so zeros beyond the edge are never a new maximum.
        bottom, right = (max(0, count) for count in over)
        x = keras.layers.ZeroPadding2D(((0, bottom), (0, right)))(x)
    return keras.layers.MaxPooling2D(step.kernel, step.stride, name=step.name)(x)


def _lrn(step: Layer, x: keras.KerasTensor) -> keras.KerasTensor:
    """Local response normalization: x / (1 + α/n Σ x²)^β, where a 1x1 convolution sums the squares
    over the n channels of the window."""
    distance = np.abs(np.subtract.outer(np.arange(step.channels), np.arange(step.channels)))
    window = (distance <= step.kernel // 2) * (LRN_ALPHA / step.kernel)
    weights = window[None, None].astype(np.float32), np.full(step.channels, LRN_BIAS, np.float32)
    return x / keras.ops.power(
        _ungrouped(f"{step.name}_window", 1, keras.ops.square(x), weights), LRN_BETA
    )


def _softmax(step: Layer, x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.Softmax(name=step.name)(x)


_PLAIN: dict[str, Callable[[Layer, keras.KerasTensor], keras.KerasTensor]] = {
    "relu": _relu,
    "pool": _pool,
    "lrn": _lrn,
    "softmax": _softmax,
}
