"""What fails in a training step, as errors that say what to do."""

import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.step_checks import OUT_OF_RANGE
from tfdeepsim.training.checkpoint import TrainingProgress


@contextlib.contextmanager
def numerics_errors(progress: TrainingProgress | None) -> Iterator[None]:
    """Raise the errors of TensorFlow's checks of images and loss terms as `InputError`s.

    Args:
        progress: Progress of the run, for the step in the message; None for the trial before it.
    """
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        if OUT_OF_RANGE in error.message:
            raise InputError(
                "images must lie in the range that the comparator declares",
                got=error.message.partition(OUT_OF_RANGE)[2].strip().partition("\n")[0][:80],
                accepted="floats in [0, 1], as the pipeline gives them: pixels divided by 255",
            ) from error
        if "loss term" not in error.message:
            raise
        term = error.message.split("loss term '")[1].split("'")[0]
        where = "a trial step"
        if progress:
            where = f"step {getattr(error, 'step', progress.step + 1)}"
        raise InputError(
            "every loss term must stay finite",
            got=f"NaN or infinity in term '{term}' at {where}",
            accepted="data without NaN, a lower --learning-rate or other loss weights"
            + "; --resume is possible" * bool(progress),
        ) from error


@contextlib.contextmanager
def memory_errors() -> Iterator[None]:
    """Raise TensorFlow's error of a device whose memory is full as an `InputError`."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        found = re.search(r"shape(\[[\d,]*\]).* on \S*device:(\w+:\d+)", error.message)
        line = error.message.partition("\n")[0].rpartition("}} ")[2]
        raise InputError(
            "a training step must fit into the memory of its device",
            got=f"no memory for a tensor of shape {found[1]} on {found[2]}"
            if found
            else line[:150],
            accepted="a smaller --batch-size or --image-size, or another --precision",
        ) from error
