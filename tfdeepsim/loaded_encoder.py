"""Trained encoders by their path: images in, embeddings out."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.batches import over_batches
from tfdeepsim.bundled_encoders import bundled_encoders
from tfdeepsim.embed import load_encoder as load_own_encoder
from tfdeepsim.errors import InputError
from tfdeepsim.external import INPUT_RANGES, check_input_range
from tfdeepsim.external.keras_file import load_keras_file
from tfdeepsim.external.loaded_network import check_images, choose_output, failed, prepare
from tfdeepsim.external.saved_model import load_saved_model
from tfdeepsim.representations.external_network import AVERAGED, vectors
from tfdeepsim.run import RunDirectory
from tfdeepsim.saved_model_path import path_without_patterns


class LoadedEncoder:
    """An encoder that was loaded from a run, a SavedModel or a `.keras` file.

    Args:
        path: Where it was loaded from.
        image_shape: Height, width and channels of its images; None for any.
        function: From images, uint8 or floats in [0, 1], [n, H, W, C] to embeddings [n, Z].

    Attributes:
        path: As given.
        image_shape: As given.

    Example:
        >>> encoder = tds.load_encoder("encoder.keras")
        >>> encoder.embed(photos).shape
        (20, 4)
    """

    def __init__(
        self,
        path: Path,
        image_shape: tuple[int | None, ...],
        function: Callable[[tf.Tensor], tf.Tensor],
    ):
        self.path = path
        self.image_shape = image_shape
        self._function = function

    @functools.cached_property
    def embedding_size(self) -> int:
        """Number of dimensions Z of an embedding."""
        blank = np.zeros((1, *(side or 64 for side in self.image_shape)), np.uint8)
        return self._embed(blank).shape[1]

    def embed(self, images: Any) -> np.ndarray:
        """Embed images, batch by batch.

        Args:
            images: [N, H, W, C], uint8 in 0 to 255 or floats in [0, 1]; N may be 0.

        Returns:
            float32 [N, Z], in the order of the images.

        Raises:
            InputError: If the images have another shape, dtype or range.
        """
        images = np.asarray(images)
        self._check(images)
        if not len(images):
            return np.zeros((0, self.embedding_size), np.float32)
        return over_batches(self._embed, images)

    def _embed(self, images: np.ndarray) -> np.ndarray:
        try:
            return np.asarray(self._function(tf.constant(images)), np.float32)
        except (tf.errors.OpError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise failed(self.path, images.shape, error) from error

    def _check(self, images: np.ndarray) -> None:
        if not tf.TensorShape(images.shape).is_compatible_with((None, *self.image_shape)):
            shape = ", ".join("any" if side is None else str(side) for side in self.image_shape)
            raise InputError(
                "images must have the shape that the encoder takes",
                got=f"shape {list(images.shape)}",
                accepted=f"[images, {shape}]",
            )
        is_float = images.dtype in (np.float32, np.float64)
        if not is_float and images.dtype != np.uint8:
            raise InputError(
                "images are bytes or floats",
                got=images.dtype,
                accepted="uint8 in 0 to 255, or float32 or float64 in [0, 1]",
            )
        # NaN fails the comparison too.
        if is_float and images.size and not (images.min() >= -1e-3 and images.max() <= 1 + 1e-3):
            raise InputError(
                "float images lie in [0, 1]",
                got=f"{images.min():g} to {images.max():g}",
                accepted="pixels divided by 255, or uint8",
            )


def load_encoder(path: str | os.PathLike, *, input_range: str = "0-1") -> LoadedEncoder:
    """Load a trained encoder.

    Nothing is unpickled and no Python code is run. A SavedModel is still a program of TensorFlow
    operations: load only those whose source you trust.

    Args:
        path: Run directory of a finished run, SavedModel folder, or `.keras` file without Lambda
            layers and custom objects; or the name of an encoder that comes with the package:
            `llv2-ae`, `llv2-vae`, `llv2-p-ae` or `llv2-p-vae`, trained on frames of LunarLander
            (`saved_models/README.md` says how, and how good they are).
        input_range: Range of the floats that a network takes that tfdeepsim did not train: `0-1`,
            `0-255` or `-1-1`. `LoadedEncoder.embed` takes the same images whatever it is.

    Raises:
        InputError: If the path is none of these, the run is not finished, or the file is damaged.

    Example:
        >>> embeddings = tds.load_encoder("encoder.keras").embed(photos)
        >>> tds.load_encoder("llv2-p-ae").embedding_size
        64
    """
    check_input_range(input_range)
    path = Path(path)
    if not path.exists():
        path = bundled_encoders().get(str(path), path)
    run = RunDirectory(path)
    if run.config.is_file():
        return _own(run.encoder)
    if (path / "saved_model.pb").is_file():
        with path_without_patterns(path) as plain:
            module = tf.saved_model.load(plain)
        return _own(path) if hasattr(module, "embed") else _external(path, input_range)
    if path.is_file() and path.suffix == ".keras":
        return _external(path, input_range)
    names = ", ".join(sorted(bundled_encoders()))
    raise InputError(
        "an encoder is a run, a SavedModel or a .keras file",
        got=f"{path}, {'something else' if path.exists() else 'which does not exist'}",
        accepted=f"a finished run's folder, a SavedModel, a .keras file, or one of {names}",
    )


def _own(path: Path) -> LoadedEncoder:
    encoder = load_own_encoder(path)
    (spec, *_), _ = encoder.embed.concrete_functions[0].structured_input_signature
    return LoadedEncoder(path, tuple(spec.shape[1:]), encoder.embed)


def _external(path: Path, input_range: str) -> LoadedEncoder:
    network = load_keras_file(path) if path.suffix == ".keras" else load_saved_model(path)
    output = choose_output(path, network.outputs, AVERAGED)
    channels = network.input.shape[3] or 3
    check_images(path, network.input, channels)

    def embed(images: tf.Tensor) -> tf.Tensor:
        return vectors(
            network.call(prepare(images, network.input, INPUT_RANGES[input_range]), output)
        )

    # Images of any size are resized to that of the network.
    return LoadedEncoder(path, (None, None, channels), embed)
