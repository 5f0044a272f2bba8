"""The multi-layer perceptron of a probe, as one row of parameters."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

NEGATIVE_SLOPE = 0.01
"""Slope of the leaky ReLU for negative inputs, as in the public code of Pihlgren et al. (the
default of PyTorch); the generators of Dosovitskiy & Brox 2016 have 0.3 instead."""


def parameter_count(widths: Sequence[int]) -> int:
    """Number of weights and biases of an MLP.

    Args:
        widths: Width of the input, of each hidden layer, and of the output.
    """
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in itertools.pairwise(widths))


def initial_parameters(widths: Sequence[int], seed: int) -> np.ndarray:
    """Draw initial weights: Glorot uniform kernels and biases of 0, the defaults of Keras.

    Args:
        widths: Width of the input, of each hidden layer, and of the output.
        seed: Seed of the weights; the same seed and widths always give the same weights.

    Returns:
        float32 [P]: kernel [in, out] and bias [out] of each layer in turn, row-major.
    """
    rng = np.random.default_rng((seed, *widths))
    parts = []
    for fan_in, fan_out in itertools.pairwise(widths):
        limit = math.sqrt(6 / (fan_in + fan_out))
        parts += [rng.uniform(-limit, limit, fan_in * fan_out), np.zeros(fan_out)]
    return np.concatenate(parts).astype(np.float32)


def layers(rows: tf.Tensor, widths: Sequence[int]) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """Split the parameters of M MLPs into layers.

    Args:
        rows: Parameters of each MLP, float32 [M, P].
        widths: Width of the input, of each hidden layer, and of the output.

    Returns:
        Kernel [M, in, out] and bias [M, 1, out] of each layer.
    """
    pairs = list(itertools.pairwise(widths))
    sizes = [size for fan_in, fan_out in pairs for size in (fan_in * fan_out, fan_out)]
    parts = iter(tf.split(rows, sizes, axis=1))
    return [
        (tf.reshape(next(parts), [-1, fan_in, fan_out]), tf.reshape(next(parts), [-1, 1, fan_out]))
        for fan_in, fan_out in pairs
    ]


def forward(rows: tf.Tensor, widths: Sequence[int], x: tf.Tensor) -> tf.Tensor:
    """Compute the outputs of M MLPs: leaky ReLU after each hidden layer, and a linear last layer.

    Args:
        rows: Parameters of each MLP, float32 [M, P].
        widths: Width of the input, of each hidden layer, and of the output.
        x: Inputs, float32 [M, B, D] for each MLP, or [B, D] for all of them.

    Returns:
        float32 [M, B, K].
    """
    *hidden, last = layers(rows, widths)
    for kernel, bias in hidden:
        x = tf.nn.leaky_relu(tf.matmul(x, kernel) + bias, NEGATIVE_SLOPE)
    kernel, bias = last
    return tf.matmul(x, kernel) + bias
