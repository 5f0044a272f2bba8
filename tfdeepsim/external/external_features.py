"""Features of a network from elsewhere, for whatever learns to see through them."""

import os
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.external import check_input_range
from tfdeepsim.external.keras_file import load_keras_file
from tfdeepsim.external.loaded_network import (
    FORMS,
    LoadedNetwork,
    check_count,
    check_images,
    choose_output,
    failed,
    prepare,
    shown,
)
from tfdeepsim.external.saved_model import load_saved_model
from tfdeepsim.files import sha256_of
from tfdeepsim.run import RunDirectory

ACCEPTED = "a SavedModel folder, a .keras file, or a run of train.py with its encoder/"


class ExternalFeatures:
    """The features that a network from elsewhere gives: its embedding, or a map, which stays one.

    It is no layer, so that nothing which holds it trains it or writes it down; its gradient is
    stopped. Nothing is unpickled and no Python code is run. A SavedModel is still a program of
    TensorFlow operations, which can read and write files: take one only from whom you trust.

    Args:
        path: A SavedModel folder: its `embed` endpoint, else its signature `serving_default`; a
            `.keras` file, without Lambda layers or custom objects; or a run directory, of which it
            is `encoder/`.
        input_range: A key of `INPUT_RANGES`: what floats the network takes. One that takes integers
            gets bytes, 0 to 255, whatever this says.

    Attributes:
        name: Of the file or folder.
        layer: The name of the output that is used.
        layers: That alone, as a comparator has several.
        source: `SavedModel PATH` or `.keras PATH`.
        sha256: Digest of the file, or of all files of the folder.
        input_range: Black and white of the images that it is called with.

    Raises:
        InputError: If there is nothing of the kind, the range is unknown, or the network is
            damaged, takes no images, or does not say which of its outputs is meant.
    """

    input_range = (0.0, 1.0)

    def __init__(self, path: str | os.PathLike, input_range: str = "0-1"):
        self._floats = check_input_range(input_range)
        found, form, load = _find(Path(path))
        self._path = found
        self._network = load(found)
        self._shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.name = Path(path).resolve().name
        self.layer = choose_output(found, self._network.outputs)
        self.layers = (self.layer,)
        self.source = f"{form} {found}"
        self.sha256 = sha256_of(found)

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Features of images.

        Args:
            images: float [B, H, W, C] in [0, 1]; B may be unknown. They are resized to the size
                that the network takes, if it takes only one (bilinear, antialiased).

        Returns:
            float32 [B, n] or [B, h, w, c], all but B known.

        Raises:
            InputError: If the network does not take such images.
        """
        images = tf.convert_to_tensor(images)
        image_shape = tuple(images.shape[1:])
        with tf.init_scope():
            shape = self.feature_shape(image_shape)
        return tf.ensure_shape(self._features(images), (None, *shape))

    def feature_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        """Shape of the features of one image of that height and width, for each of `layers`.

        Raises:
            InputError: If the network does not take such images.
        """
        return [self.feature_shape((*size, self._network.input.shape[3] or 3))]

    def feature_shape(self, image_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the features of one image of that height, width and number of channels.

        Two black images tell it: the shape that a network states may be open, and the images of a
        network may be too small for it in ways that only show when it runs.

        Raises:
            InputError: If the network does not take such images.
        """
        if image_shape not in self._shapes:
            self._shapes[image_shape] = self._tried(image_shape)
        return self._shapes[image_shape]

    def _tried(self, image_shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(image_shape) != 3 or None in image_shape:
            raise InputError(
                "features are of images of a known size",
                got=f"shape {['?', *image_shape]}".replace("'", "").replace("None", "?"),
                accepted="[batch, height, width, channels]",
            )
        check_images(self._path, self._network.input, image_shape[2])
        signature = [tf.TensorSpec((None, *image_shape), tf.float32)]
        try:
            features = tf.function(self._features, input_signature=signature)(
                tf.zeros((2, *image_shape))
            )
        except (
            Exception
        ) as error:  # whatever a network of elsewhere may do while it is traced or run
            raise failed(self._path, (None, *image_shape), error) from error
        if features.shape.rank not in (2, 4):
            raise InputError(
                "an embedding is a vector or a map an image",
                got=f"{self.layer} {shown(features.shape)} of {self._path}",
                accepted=FORMS,
            )
        check_count(self._path, len(features), 2)
        return tuple(features.shape[1:])

    def _features(self, images: tf.Tensor) -> tf.Tensor:
        found = self._network.call(prepare(images, self._network.input, self._floats), self.layer)
        return tf.stop_gradient(tf.cast(tf.convert_to_tensor(found), tf.float32))


def _find(path: Path) -> tuple[Path, str, Callable[[Path], LoadedNetwork]]:
    """Where the network is, of which form, and what reads it."""
    run = RunDirectory(path)
    if _is_saved_model(path):
        return path, "SavedModel", load_saved_model
    if path.is_file() and path.suffix == ".keras":
        return path, ".keras", load_keras_file
    if run.config.is_file() and _is_saved_model(run.encoder):
        return run.encoder, "SavedModel", load_saved_model
    if run.config.is_file():
        what = f"a run without {run.encoder.name}/"
    elif path.exists():
        what = "a file of another kind" if path.is_file() else "a folder of other files"
    else:
        what = "which does not exist"
    raise InputError(
        "a network whose features are taken comes in a known form",
        got=f"{path}, {what}",
        accepted=ACCEPTED,
    )


def _is_saved_model(path: Path) -> bool:
    return (path / "saved_model.pb").is_file()
