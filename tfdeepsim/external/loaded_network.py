"""A network from elsewhere: how images are brought to it, and which of its outputs is the
embedding."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfdeepsim.errors import InputError

FORMS = "[B, Z], or [B, h, w, c]"
"""What an output must be to be features."""

# Names that say which of several outputs is meant, the plainest first.
OUTPUT_NAMES = (
    "embedding", "embeddings", "image_embedding", "image_embeds", "latent", "z", "mean", "z_mean", "mu",
    "features", "feature", "feature_vector", "pooler_output", "representation", "code",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class LoadedNetwork:
    """A loaded network.

    Attributes:
        input: Shape [B, H, W, C], where sizes may be unknown, and dtype.
        outputs: Shape of each output by its name.
        call: From images as `input` says to the output of a name.
        owner: What `call` belongs to: the variables of a loaded model are gone when nothing holds
            the model.
    """

    input: tf.TensorSpec
    outputs: Mapping[str, tf.TensorShape]
    call: Callable[[tf.Tensor, str], tf.Tensor]
    owner: Any = None


def prepare(images: tf.Tensor, spec: tf.TensorSpec, input_range: tuple[float, float]) -> tf.Tensor:
    """Images as a network takes them: of its size, if it takes only one (bilinear, antialiased).

    Args:
        images: [B, H, W, C], uint8, or floats in [0, 1].
        spec: Shape, where height and width may be unknown, and dtype: integers get bytes, 0 to 255.
        input_range: Black and white of floats.
    """
    size = [known or own for known, own in zip(spec.shape[1:3], images.shape[1:3], strict=True)]
    floats = tf.cast(images, tf.float32) * (255.0 if images.dtype.is_floating else 1.0)
    if size != list(images.shape[1:3]):
        floats = tf.image.resize(floats, size, antialias=True)
    if spec.dtype.is_integer:
        return tf.cast(tf.clip_by_value(tf.round(floats), 0, 255), spec.dtype)
    black, white = input_range
    return tf.cast(floats * ((white - black) / 255) + black, spec.dtype)


def choose_output(path: Path, outputs: Mapping[str, tf.TensorShape], forms: str = FORMS) -> str:
    """The name of the output that is the embedding: the only one, or the one that is named so.

    Args:
        path: Of the network, for the error.
        outputs: Shape of each output by its name.
        forms: What an output may be, in words, for the error.

    Raises:
        InputError: If that is unclear, or it is neither a vector nor a map an image.
    """
    named = [name for known in OUTPUT_NAMES for name in outputs if name.lower() == known]
    chosen = named[0] if named else next(iter(outputs)) if len(outputs) == 1 else None
    shapes = ", ".join(f"{name} {shown(shape)}" for name, shape in sorted(outputs.items()))
    if chosen is None:
        raise InputError(
            "it must be clear which output is the embedding",
            got=f"{shapes or 'no output'} of {path}",
            accepted=f"one output, or one named {', '.join(OUTPUT_NAMES[:5])}, ...",
        )
    if outputs[chosen].rank not in (None, 2, 4):
        raise InputError(
            "an embedding is a vector or a map an image",
            got=f"{chosen} {shown(outputs[chosen])} of {path}",
            accepted=forms,
        )
    return chosen


def image_input(path: Path, specs: Sequence[Any]) -> tf.TensorSpec:
    """The one input of a network, if it takes images.

    Args:
        path: Of the network, for the error.
        specs: Of all its inputs.

    Raises:
        InputError: If there is not one, or it does not take images.
    """
    named = ", ".join(f"{shown(spec.shape)} {spec.dtype.name}" for spec in specs) or "no input"
    if len(specs) == 1:
        shape, dtype = specs[0].shape, specs[0].dtype
        if shape.rank is None:
            shape = tf.TensorShape([None] * 4)
        if shape.rank == 4 and (dtype.is_floating or dtype.is_integer):
            return tf.TensorSpec(shape, dtype)
    raise InputError(
        "an encoder takes images and nothing else",
        got=f"{named} of {path}",
        accepted="one input [B, H, W, C] of integers or floats",
    )


def check_images(path: Path, spec: tf.TensorSpec, channels: int) -> None:
    """Find out whether a network takes any number of images with so many channels.

    Args:
        path: Of the network, for the error.
        spec: What it takes.
        channels: Of the images.

    Raises:
        InputError: If not.
    """
    if spec.shape[0] is not None:
        raise InputError(
            "an encoder takes any number of images at once",
            got=f"{path}, which takes {spec.shape[0]}",
            accepted="a network with an open batch size",
        )
    if spec.shape[3] not in (None, channels):
        raise InputError(
            "images must have as many channels as the encoder takes",
            got=f"{channels} for {path}",
            accepted=f"{spec.shape[3]}",
        )


def check_count(path: Path, found: int, images: int) -> None:
    """Raises InputError unless a network gave one embedding for each of some images."""
    if found != images:
        raise InputError(
            "an encoder gives one embedding an image",
            got=f"{found} for {images} images from {path}",
            accepted="a network whose first axis is the image",
        )


def shown(shape: tf.TensorShape) -> str:
    """A shape in an error, with `?` for what is unknown."""
    return "?" if shape.rank is None else str(shape.as_list()).replace("None", "?")


def failed(path: Path, shape: Sequence[Any], error: Exception) -> InputError:
    """In one line, that a network did not take images of some shape: whatever it did, or
    TensorFlow."""
    return InputError(
        "an encoder must take the images of this dataset",
        got=f"an error from {path} for {list(shape)} ({_reason(error)})",
        accepted="a network for images of this size; see --image-size",
    )


def _reason(error: Exception) -> str:
    """The line of a message that says what went wrong: the one before TensorFlow names the node."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    before = [line for line, after in itertools.pairwise(lines) if "[[{{" in after]
    return [*before, *lines, type(error).__name__][0][:200]
