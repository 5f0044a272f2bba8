"""The forward pass through a chain of layers, for frozen and for trainable networks."""

from collections.abc import Callable, Collection, Mapping

import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.architecture import Architecture, Layer
from tfdeepsim.comparators.chains.convolution import STRIDE, block_kernel, blocks_of

Weights = Mapping[str, tuple[tf.Tensor, tf.Tensor]]
"""Kernel and bias by the layer's name. Kernels are [height, width, in / groups, out] for a
convolution and [in, out] for a dense layer."""

Convolve = Callable[[tf.Tensor, tf.Tensor, int], tf.Tensor]
"""A function from images, kernel and padding to their convolution with stride 1."""

# Constants of Caffe's LRN, whose α is divided by the number of channels in the window.
LRN_ALPHA, LRN_BETA, LRN_BIAS = 1e-4, 0.75, 1.0


def features(
    network: Architecture,
    images: tf.Tensor,
    weights: Weights,
    layers: Collection[str],
    *,
    convolve: Convolve,
    dtype: tf.DType,
    drop: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
) -> dict[str, tf.Tensor]:
    """Features of images at some layers.

    Args:
        network: The network.
        images: float32 [B, H, W, 3], RGB in [0, 1]; H and W static.
        weights: Weights of all layers up to the deepest of `layers`.
        layers: Names of the layers whose features are returned.
        convolve: Computes convolutions with stride 1.
        dtype: Dtype of all computation after the mean was subtracted.
        drop: Dropout, applied to the input of every dense layer but the first.

    Returns:
        Features by the layer's name: [B, h, w, c], or [B, c] from the first dense layer on.
    """
    by_layer = {}
    x = images
    for index, step in enumerate(network.up_to(*layers)):
        if index == 0:
            x = _first(network, step, x, weights[step.name], convolve, dtype)
        elif step.kind == "conv":
            x = _grouped(step, x, weights[step.name], convolve)
        elif step.kind == "dense":
            x = drop(x) if x.shape.rank == 2 else _flat(network, x)
            kernel, bias = weights[step.name]
            x = tf.nn.bias_add(tf.matmul(x, tf.cast(kernel, dtype)), tf.cast(bias, dtype))
        else:
            x = _PLAIN[step.kind](step, x)
        if step.name in layers:
            by_layer[step.name] = x
    return by_layer


def _first(
    network: Architecture,
    step: Layer,
    images: tf.Tensor,
    weights: tuple[tf.Tensor, tf.Tensor],
    convolve: Convolve,
    dtype: tf.DType,
) -> tf.Tensor:
    """Input scaling and the first convolution.

    The kernel is divided by the standard deviation instead of every image; the mean is subtracted
    before zeros are added around the image.
    """
    kernel, bias = weights
    if network.bgr:
        kernel = tf.reverse(kernel, [2])
    kernel = kernel / np.array(network.std, np.float32)[:, None]
    mean = np.array(network.mean, np.float32)
    if step.stride == STRIDE:
        x = blocks_of(images, mean, dtype, step.kernel, step.padding)
        x = convolve(x, tf.cast(block_kernel(kernel), dtype), 0)
    else:
        x = convolve(tf.cast(images - mean, dtype), tf.cast(kernel, dtype), step.padding)
    return tf.nn.bias_add(x, tf.cast(bias, dtype))


def _grouped(
    step: Layer, x: tf.Tensor, weights: tuple[tf.Tensor, tf.Tensor], convolve: Convolve
) -> tf.Tensor:
    """A convolution, one for each group: TensorFlow's own grouped convolution has no gradient on
    CPUs."""
    kernel, bias = (tf.cast(value, x.dtype) for value in weights)
    if step.groups > 1:
        parts = zip(tf.split(x, step.groups, 3), tf.split(kernel, step.groups, 3), strict=True)
        x = tf.concat([convolve(part, of_part, step.padding) for part, of_part in parts], 3)
    else:
        x = convolve(x, kernel, step.padding)
    return tf.nn.bias_add(x, bias)


def _relu(step: Layer, x: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu(x)


def _pool(step: Layer, x: tf.Tensor) -> tf.Tensor:
    over = [(step.size(side) - 1) * step.stride + step.kernel - side for side in x.shape[1:3]]
    if step.ceil and max(over) > 0:
        bottom, right = (max(0, count) for count in over)
        x = tf.pad(x, [[0, 0], [0, bottom], [0, right], [0, 0]], constant_values=x.dtype.min)
    return tf.nn.max_pool2d(x, step.kernel, step.stride, "VALID")


def _lrn(step: Layer, x: tf.Tensor) -> tf.Tensor:
    # On CPUs TensorFlow has its gradient for float32 only.
    normalized = tf.nn.local_response_normalization(
        tf.cast(x, tf.float32), step.kernel // 2, LRN_BIAS, LRN_ALPHA / step.kernel, LRN_BETA
    )
    return tf.cast(normalized, x.dtype)


def _softmax(step: Layer, x: tf.Tensor) -> tf.Tensor:
    return tf.nn.softmax(x)


_PLAIN = {"relu": _relu, "pool": _pool, "lrn": _lrn, "softmax": _softmax}


def _flat(network: Architecture, x: tf.Tensor) -> tf.Tensor:
    if network.adaptive:
        x = adaptive_average_pool(x, network.pooled)
    return tf.reshape(x, [-1, network.pooled**2 * x.shape[3]])


def adaptive_average_pool(x: tf.Tensor, size: int) -> tf.Tensor:
    """Average a map over `size` x `size` bins, as torchvision does.

    The bins cover the map, and overlap where `size` does not divide its sides.

    Args:
        x: [B, h, w, c].
        size: Number of bins along each side.

    Returns:
        [B, size, size, c].
    """
    height, width = x.shape[1:3]
    if (height, width) == (size, size):
        return x
    x = tf.einsum("ih,bhwc->biwc", tf.constant(bins(height, size), x.dtype), x)
    return tf.einsum("jw,biwc->bijc", tf.constant(bins(width, size), x.dtype), x)


def bins(length: int, count: int) -> np.ndarray:
    """Weight of each position in the average of each bin, along one side of a map.

    Args:
        length: Number of positions.
        count: Number of bins.

    Returns:
        float32 [count, length]; each row sums to 1.
    """
    weights = np.zeros((count, length), np.float32)
    for index in range(count):
        start, end = index * length // count, -(-(index + 1) * length // count)
        weights[index, start:end] = 1 / (end - start)
    return weights
