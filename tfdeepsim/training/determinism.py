"""Operations of TensorFlow with the same bits each time, for as long as one run trains."""

import contextlib
from collections.abc import Iterator

import keras
from tensorflow.python.framework import config as framework


@contextlib.contextmanager
def deterministic_operations(seed: int) -> Iterator[None]:
    """Seed everything that draws, and make operations deterministic until the block ends.

    Deterministic operations are slower, and Keras compiles nothing by XLA beside them, so a run
    that trains next in the same process does not inherit them. Who switched them on before keeps
    them.

    Args:
        seed: Seed of Python's, NumPy's and TensorFlow's generators.

    Example:
        >>> with deterministic_operations(seed=0):
        ...     model.fit(images)
    """
    keras.utils.set_random_seed(seed)
    before = framework.is_op_determinism_enabled()
    framework.enable_op_determinism()
    try:
        yield
    finally:
        if not before:
            framework.disable_op_determinism()
