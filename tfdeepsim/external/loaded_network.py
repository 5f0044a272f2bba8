"""External networks after loading: how their images are prepared, and which of their outputs is the
embedding."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfdeepsim.errors import InputError

FORMS = "[B, Z], or [B, h, w, c]"
"""Shapes that an output must have to be taken as features."""

# Names that tell which of several outputs is the embedding, the clearest first.
OUTPUT_NAMES = (
    "embedding", "embeddings", "image_embedding", "image_embeds", "latent", "z", "mean", "z_mean",
    "mu", "features", "feature", "feature_vector", "pooler_output", "representation", "code",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class LoadedNetwork:
    """An external network that was loaded from a file.

    Attributes:
        input: Shape [B, H, W, C] of the images, where any size may be unknown, and their dtype.
        outputs: Shape of each output by its name.
        call: A function from images and the name of an output to that output.
        owner: The loaded model, which must be kept alive: `call` uses its variables.

    Example:
        >>> network = load_saved_model(Path("runs/ae/encoder"))
        >>> embeddings = network.call(images, choose_output(path, network.outputs))
    """

    input: tf.TensorSpec
    outputs: Mapping[str, tf.TensorShape]
    call: Callable[[tf.Tensor, str], tf.Tensor]
    owner: Any = None


def prepare(images: tf.Tensor, spec: tf.TensorSpec, input_range: tuple[float, float]) -> tf.Tensor:
    """Convert images to the size, dtype and range that a network takes.

    Args:
        images: [B, H, W, C], uint8 in 0 to 255 or floats in [0, 1].
        spec: Input of the network. If its height and width are known, images are resized to them
            (bilinear, antialiased).
        input_range: Values of black and white for a network that takes floats. One that takes
            integers gets 0 to 255.

    Returns:
        Images of the shape and dtype of `spec`.
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
    """The name of the output that is the embedding: the only output, or the one with such a name.

    Args:
        path: File or folder of the network, for the error.
        outputs: Shape of each output by its name.
        forms: Shapes that the output may have, in words, for the error.

    Raises:
        InputError: If it is unclear which output is meant, or the output is neither one vector nor
            one map for each image.
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
    """The input of a network that takes images and nothing else.

    Args:
        path: File or folder of the network, for the error.
        specs: Shape and dtype of each of the network's inputs.

    Raises:
        InputError: If there is not exactly one input, or it does not take images.
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
    """Check that a network takes any number of images with so many channels.

    Args:
        path: File or folder of the network, for the error.
        spec: Input of the network.
        channels: Number of channels of the images.

    Raises:
        InputError: If it takes a fixed number of images, or another number of channels.
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


def check_count(path: Path, embeddings: int, images: int) -> None:
    """Check that a network returned one embedding for each image.

    Args:
        path: File or folder of the network, for the error.
        embeddings: Number of embeddings that the network returned.
        images: Number of images that it was given.

    Raises:
        InputError: If the numbers differ.
    """
    if embeddings != images:
        raise InputError(
            "an encoder gives one embedding an image",
            got=f"{embeddings} for {images} images from {path}",
            accepted="a network whose first axis is the image",
        )


def shown(shape: tf.TensorShape) -> str:
    """A shape as text for an error, with `?` for an unknown size."""
    return "?" if shape.rank is None else str(shape.as_list()).replace("None", "?")


def failed(path: Path, shape: Sequence[Any], error: Exception) -> InputError:
    """The error for a network that failed on images, in one line.

    Args:
        path: File or folder of the network.
        shape: Shape of the images.
        error: What the network, or TensorFlow, raised.
    """
    return InputError(
        "an encoder must take the images of this dataset",
        got=f"an error from {path} for {list(shape)} ({_reason(error)})",
        accepted="a network for images of this size; see --image-size",
    )


def _reason(error: Exception) -> str:
    """The line of a message that says what went wrong: where TensorFlow names the node of a graph,
    the line before that."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    before = [line for line, after in itertools.pairwise(lines) if "[[{{" in after]
    return [*before, *lines, type(error).__name__][0][:200]
