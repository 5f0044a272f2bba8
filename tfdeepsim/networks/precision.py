"""Keras' global dtype policy, set for as long as a network is built."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras


@contextlib.contextmanager
def precision(policy: Any) -> Iterator[None]:
    """Build layers under another global dtype policy; the one before is restored at the end.

    Args:
        policy: A `keras.DTypePolicy`, or its name or config, e.g. `mixed_bfloat16`.

    Example:
        >>> with precision("float32"):
        ...     encoder = Encoder()
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(keras.dtype_policies.get(policy))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def float32() -> contextlib.AbstractContextManager[None]:
    """Build layers in float32, whatever precision the last run was trained in."""
    return precision("float32")
