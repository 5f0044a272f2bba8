"""What a batch gives to the training of a generator, and what the generator gives back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.pixels import to_floats

FORMS = "a dictionary with `image` and optionally `input`, a pair (input, target), or images alone"


def check_generator(generator: Any) -> None:
    """Refuse a generator whose weights do not exist yet.

    Raises:
        InputError: If it is not built.
    """
    if not generator.built:
        raise InputError(
            "a generator is built before it is trained",
            got=f"{generator.name}, whose weights do not exist yet",
            accepted="a model with an Input, or one that was called on a batch",
        )


def input_and_target(batch: Any) -> tuple[Any, tf.Tensor]:
    """The generator's input and the target images of a batch.

    Args:
        batch: A dictionary with `image`, the target, and optionally `input`; a pair (input,
            target); or target images alone, which are the input too. The trainer's own batches may
            have `bytes`, uint8, in place of `image`.

    Returns:
        The input, as it is, and the target.

    Raises:
        InputError: If the batch has another form, or the target is no batch of float images.
    """
    if isinstance(batch, Mapping) and "bytes" in batch and "image" not in batch:
        batch = {**batch, "image": floats_of_bytes(batch["bytes"])}
    if isinstance(batch, Mapping) and "image" in batch:
        parts = (batch.get("input", batch["image"]), batch["image"])
    elif isinstance(batch, tuple | list) and len(batch) in (1, 2):
        # `fit(images)` gives a tuple of one.
        parts = (batch[0], batch[-1])
    elif hasattr(batch, "shape"):
        parts = (batch, batch)
    else:
        raise InputError("a batch has an input and a target", got=_words(batch), accepted=FORMS)
    target = tf.convert_to_tensor(parts[1])
    if target.shape.rank != 4 or not target.dtype.is_floating:
        raise InputError(
            "targets are float images in [0, 1]",
            got=_words(target),
            accepted="[batch, height, width, channels]; pixels divided by 255",
        )
    return target if parts[0] is parts[1] else parts[0], target


def floats_of_bytes(images: tf.Tensor) -> tf.Tensor:
    """Float images from bytes, by a table of the 256 values.

    In a graph TensorFlow and XLA multiply by 1 / 255 where the code divides by 255, which gives
    about half of the values another last bit.

    Args:
        images: uint8 tensor of any shape.

    Returns:
        float32 in [0, 1], with the bits of `pixels.to_floats`.
    """
    return tf.gather(tf.constant(to_floats(np.arange(256))), tf.cast(images, tf.int32))


def outputs_of(generated: Any, target: tf.Tensor) -> dict[str, tf.Tensor]:
    """The outputs of a generator by their names.

    Args:
        generated: A dictionary with `image`, or the images alone.
        target: Images that they must have the shape of.

    Raises:
        InputError: If there is no image, or it has another shape than the target.
    """
    outputs = dict(generated) if isinstance(generated, Mapping) else {"image": generated}
    image: Any = outputs.get("image")
    if not tf.is_tensor(image):
        raise InputError(
            "a generator returns images, or a dictionary with `image`",
            got=_words(generated),
            accepted="[batch, height, width, channels]",
        )
    if image.shape.rank != 4 or not image.shape[1:].is_compatible_with(target.shape[1:]):
        raise InputError(
            "a generator's images have the shape of the targets",
            got=f"{list(image.shape)} for targets {list(target.shape)}",
            accepted=f"{list(target.shape)}",
        )
    return outputs


def two_logits(logits: tf.Tensor) -> tf.Tensor:
    """Logits of a discriminator, [B, 2] in the order of `losses.discriminator_loss`.

    Args:
        logits: [B, 2]; or [B, 1], the logit of a real image.

    Raises:
        InputError: If they have another shape.
    """
    if logits.shape.rank == 2 and logits.shape[1] == 1:
        return tf.concat([tf.zeros_like(logits), logits], 1)
    if logits.shape.rank != 2 or logits.shape[1] != 2:
        raise InputError(
            "a discriminator returns logits",
            got=f"shape {list(logits.shape)}",
            accepted="[batch, 1], the logit of a real image; or [batch, 2], generated and real",
        )
    return logits


def _words(value: Any) -> str:
    """A batch in words."""
    if tf.is_tensor(value):
        return f"{value.dtype.name} {list(value.shape)}"
    if isinstance(value, Mapping):
        return f"a dictionary with {', '.join(map(str, value))}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    return type(value).__name__
