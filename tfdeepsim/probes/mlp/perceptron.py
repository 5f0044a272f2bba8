"""The multi-layer perceptron of a probe, as one row of parameters."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

# The slope that the authors of [P] used (PyTorch's default), not the 0.3 of [D]'s generators.
NEGATIVE_SLOPE = 0.01


def parameter_count(widths: Sequence[int]) -> int:
    """How long the row of a network is.

    Args:
        widths: Width of the input, of each hidden layer, and of the output.
    """
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in itertools.pairwise(widths))


def initial_parameters(widths: Sequence[int], seed: int) -> np.ndarray:
    """Fresh weights, decided by seed and widths alone: Glorot uniform kernels, biases 0 (Keras'
    defaults).

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
    """Kernel [M, in, out] and bias [M, 1, out] of each layer, from rows [M, P] of M networks."""
    pairs = list(itertools.pairwise(widths))
    sizes = [size for fan_in, fan_out in pairs for size in (fan_in * fan_out, fan_out)]
    parts = iter(tf.split(rows, sizes, axis=1))
    return [
        (tf.reshape(next(parts), [-1, fan_in, fan_out]), tf.reshape(next(parts), [-1, 1, fan_out]))
        for fan_in, fan_out in pairs
    ]


def forward(rows: tf.Tensor, widths: Sequence[int], x: tf.Tensor) -> tf.Tensor:
    """Outputs of M networks side by side: leaky ReLU after each hidden layer, the last layer
    linear.

    Args:
        rows: float32 [M, P].
        widths: Width of the input, of each hidden layer, and of the output.
        x: float32 [M, B, D], or [B, D] for the same examples to all.

    Returns:
        float32 [M, B, K].
    """
    *hidden, last = layers(rows, widths)
    for kernel, bias in hidden:
        x = tf.nn.leaky_relu(tf.matmul(x, kernel) + bias, NEGATIVE_SLOPE)
    kernel, bias = last
    return tf.matmul(x, kernel) + bias
