"""The precision that networks are built in where it is not for the user to say."""

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def float32() -> Iterator[None]:
    """Build networks in float32, whatever the last run was trained in; Keras' policy is left as it
    was."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
