"""Refuses networks whose weights do not fit into memory, before they are allocated."""

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.training.gpu_memory import smallest_gpu

COPIES = 4
"""What training keeps of a weight: itself, its gradient, and the two moments of Adam."""


@contextlib.contextmanager
def weights_within_memory(limit: int | None = None) -> Iterator[None]:
    """A context in which no more weights are created than can be trained.

    Args:
        limit: Bytes that weights, gradients and moments may take together; None for the memory of
            the smallest GPU, or of this machine if it has none.

    Raises:
        InputError: If the weights would take more. The first weight beyond the limit is not
            created.

    Example:
        >>> with weights_within_memory():
        ...     encoder = tds.Encoder(latent_dim=64)
    """
    limit = limit or smallest_gpu() or psutil.virtual_memory().total
    total = 0

    def create(create_next: Callable[..., tf.Variable], **options: Any) -> tf.Variable:
        nonlocal total
        total += _bytes(options) * (1 if options.get("trainable") is False else COPIES)
        if total > limit:
            raise InputError(
                "weights, gradients and moments of the networks must fit into memory",
                got=f"at least {total / 2**30:,.1f} GiB",
                accepted=f"up to {limit / 2**30:,.1f} GiB, by a smaller --latent-dim, --width, "
                "--noise-dim or --image-size",
            )
        return create_next(**options)

    with tf.variable_creator_scope(create):
        yield


def _bytes(options: dict[str, Any]) -> int:
    """Size of the variable that is created with these arguments of `tf.Variable`."""
    value = options.get("initial_value")
    if callable(value):
        # In a graph an initializer is traced, and allocates nothing.
        with tf.Graph().as_default():
            value = tf.convert_to_tensor(value())
    shape = tf.TensorShape(getattr(value, "shape", ())).as_list()
    return math.prod(shape) * tf.as_dtype(options.get("dtype") or tf.float32).size
