"""A network from elsewhere: how images are brought to it, and which of its outputs is the embedding."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.contenders import INPUT_RANGES
from tfdeepsim.contenders.contender import Encode, ImageContender, digest, kept_in
from tfdeepsim.data.dataset import Dataset, Sources
from tfdeepsim.embed import digest_of
from tfdeepsim.errors import InputError

# Names that say which of several outputs is meant, the plainest first.
OUTPUT_NAMES = (
    "embedding", "embeddings", "image_embedding", "image_embeds", "latent", "z", "mean", "z_mean", "mu",
    "features", "feature", "feature_vector", "pooler_output", "representation", "code",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Network:
    """A loaded network.

    Attributes:
        input: Shape [B, H, W, C], where sizes may be unknown, and dtype.
        outputs: Shape of each output by its name.
        call: From images as `input` says to the output of a name.
        owner: What `call` belongs to: the variables of a loaded model are gone when nothing holds the model.
    """

    input: tf.TensorSpec
    outputs: Mapping[str, tf.TensorShape]
    call: Callable[[tf.Tensor, str], tf.Tensor]
    owner: Any = None


class ForeignNetwork(ImageContender):
    """A network from elsewhere; see `foreign_contender`.

    Images are resized to the size that the network takes, if it takes only one (bilinear, antialiased). A
    map [h, w, c] that it gives is averaged over its positions.

    Args:
        path: File or folder.
        parent: Where its folder is made.
        load: Reads it.
        input_range: A key of `INPUT_RANGES`.
    """

    model = "foreign"

    def __init__(self, path: Path, parent: Path, load: Callable[[Path], Network], input_range: str):
        self.path = path
        self.name = path.resolve().name
        self._load = load
        self._range = INPUT_RANGES[input_range]
        self.settings = {
            "form": load.__name__.removeprefix("load_"),
            "path": str(path),
            "input_range": input_range,
            "resize": "bilinear, antialiased",
            "maps": "averaged over positions",
        }
        self.identity = digest(["network", input_range, digest_of(path)])
        self.folder = kept_in(parent, self.name, self.identity)

    @functools.cached_property
    def network(self) -> Network:
        """The network, loaded when it is first used."""
        return self._load(self.path)

    def check(self, dataset: Dataset) -> None:
        self._check_images(dataset.image_shape)
        choose_output(self.path, self.network.outputs)

    def encoder(self, sources: Sources) -> Encode:
        self.check(sources.dataset)
        network, output = self.network, choose_output(self.path, self.network.outputs)

        @tf.function(input_signature=[tf.TensorSpec((None, *sources.dataset.image_shape), tf.uint8)])
        def embed(images: tf.Tensor) -> tf.Tensor:
            return _vectors(network.call(prepare(images, network.input, self._range), output))

        def encode(images: np.ndarray) -> np.ndarray:
            try:
                embeddings = embed(tf.constant(images)).numpy()
            except tf.errors.OpError as error:
                raise _failed(self.path, images.shape, error) from error
            if len(embeddings) != len(images):
                raise InputError(
                    "an encoder gives one embedding an image",
                    got=f"{len(embeddings)} for {len(images)} images from {self.path}",
                    accepted="a network whose first axis is the image",
                )
            return embeddings

        try:
            embed.get_concrete_function()
        except InputError:
            raise
        except Exception as error:  # whatever a network of elsewhere may do while it is traced
            raise _failed(self.path, (None, *sources.dataset.image_shape), error) from error
        return encode

    def _check_images(self, image_shape: Sequence[int]) -> None:
        shape = self.network.input.shape
        if shape[0] is not None:
            raise InputError(
                "an encoder takes any number of images at once",
                got=f"{self.path}, which takes {shape[0]}",
                accepted="a network with an open batch size",
            )
        if shape[3] not in (None, image_shape[2]):
            raise InputError(
                "images must have as many channels as the encoder takes",
                got=f"{image_shape[2]} for {self.path}",
                accepted=f"{shape[3]}",
            )


def prepare(images: tf.Tensor, spec: tf.TensorSpec, input_range: tuple[float, float]) -> tf.Tensor:
    """Images as a network takes them.

    Args:
        images: uint8 [B, H, W, C].
        spec: Shape, where height and width may be unknown, and dtype: integers get bytes, 0 to 255.
        input_range: Black and white of floats.
    """
    size = [known or own for known, own in zip(spec.shape[1:3], images.shape[1:3], strict=True)]
    floats = tf.cast(images, tf.float32)
    if size != list(images.shape[1:3]):
        floats = tf.image.resize(floats, size, antialias=True)
    if spec.dtype.is_integer:
        return tf.cast(tf.clip_by_value(tf.round(floats), 0, 255), spec.dtype)
    black, white = input_range
    return tf.cast(floats * ((white - black) / 255) + black, spec.dtype)


def choose_output(path: Path, outputs: Mapping[str, tf.TensorShape]) -> str:
    """The name of the output that is the embedding: the only one, or the one that is named so.

    Raises:
        InputError: If that is unclear, or it is neither a vector nor a map an image.
    """
    named = [name for known in OUTPUT_NAMES for name in outputs if name.lower() == known]
    chosen = named[0] if named else next(iter(outputs)) if len(outputs) == 1 else None
    shapes = ", ".join(f"{name} {_shown(shape)}" for name, shape in sorted(outputs.items()))
    if chosen is None:
        raise InputError(
            "it must be clear which output is the embedding",
            got=f"{shapes or 'no output'} of {path}",
            accepted=f"one output, or one named {', '.join(OUTPUT_NAMES[:5])}, ...",
        )
    if outputs[chosen].rank not in (None, 2, 4):
        raise InputError(
            "an embedding is a vector or a map an image",
            got=f"{chosen} {_shown(outputs[chosen])} of {path}",
            accepted="[B, Z], or [B, h, w, c], which is averaged over its positions",
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
    shown = ", ".join(f"{_shown(spec.shape)} {spec.dtype.name}" for spec in specs) or "no input"
    if len(specs) == 1:
        shape, dtype = specs[0].shape, specs[0].dtype
        if shape.rank is None:
            shape = tf.TensorShape([None] * 4)
        if shape.rank == 4 and (dtype.is_floating or dtype.is_integer):
            return tf.TensorSpec(shape, dtype)
    raise InputError(
        "an encoder takes images and nothing else",
        got=f"{shown} of {path}",
        accepted="one input [B, H, W, C] of integers or floats",
    )


def _vectors(output: Any) -> tf.Tensor:
    output = tf.cast(tf.convert_to_tensor(output), tf.float32)
    if output.shape.rank == 4:
        return tf.reduce_mean(output, [1, 2])
    if output.shape.rank != 2:
        raise InputError(
            "an embedding is a vector or a map an image",
            got=f"shape {_shown(output.shape)}",
            accepted="[B, Z], or [B, h, w, c], which is averaged over its positions",
        )
    return output


def _shown(shape: tf.TensorShape) -> str:
    return "?" if shape.rank is None else str(shape.as_list()).replace("None", "?")


def _failed(path: Path, shape: Sequence[Any], error: Exception) -> InputError:
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
