"""Features of an external network."""

import os
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from tfdeepsim.comparators.weights.read_once import ReadOnce, digest_once
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
from tfdeepsim.run import RunDirectory

ACCEPTED = "a SavedModel folder, a .keras file, or a run of train.py with its encoder/"

_LOADED: ReadOnce[LoadedNetwork] = ReadOnce(1)


class ExternalFeatures:
    """The embedding that an external network computes of images, or its map of features.

    It is no Keras layer, so that a model that uses it neither trains nor saves it; its gradient is
    stopped. Nothing is unpickled and no Python code is run. A SavedModel is still a program of
    TensorFlow operations, which can read and write files: load one only from people you trust.

    Args:
        path: A SavedModel folder, of which the `embed` endpoint is used, else the signature
            `serving_default`; a `.keras` file without Lambda layers and custom classes; or a run
            directory, of which `encoder/` is used.
        input_range: Range of the floats that the network takes, a key of `INPUT_RANGES`. A network
            that takes integers gets bytes, 0 to 255, whatever the range.

    Attributes:
        name: Name of the file or folder.
        layer: Name of the output that is used.
        layers: `layer` alone; a comparator may have several here.
        source: Form and path of the network, e.g. `SavedModel runs/ae/encoder`.
        sha256: SHA-256 of the file, or of all files of the folder.
        input_range: Values of black and white in the images that it is called with.

    Raises:
        InputError: If there is no such network, the range is unknown, or the network is damaged,
            takes no images, or does not say which of its outputs is the embedding.

    Example:
        >>> features = ExternalFeatures("runs/ae")
        >>> embeddings = features(tf.zeros((1, 64, 64, 3)))
    """

    input_range = (0.0, 1.0)

    def __init__(self, path: str | os.PathLike, input_range: str = "0-1"):
        self._range_of_floats = check_input_range(input_range)
        network_path, form, load = _locate(Path(path))
        self._path = network_path
        self._network = _load_once(network_path, load)
        self._shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.name = Path(path).resolve().name
        self.layer = choose_output(network_path, self._network.outputs)
        self.layers = (self.layer,)
        self.source = f"{form} {network_path}"
        self.sha256 = digest_once(network_path)

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Features of images.

        Args:
            images: float [B, H, W, C] in [0, 1]; B may be unknown. If the network takes one size
                only, they are resized to it (bilinear, antialiased).

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
        """Shape of one image's features at each of `layers`.

        Args:
            size: Height and width of the image in pixels.

        Raises:
            InputError: If the network does not take such images.
        """
        return [self.feature_shape((*size, self._network.input.shape[3] or 3))]

    def feature_shape(self, image_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of one image's features.

        It is found by running the network on two black images: the shape that a network states may
        be open, and that images are too small may show only when it runs.

        Args:
            image_shape: Height, width and channels of the image.

        Raises:
            InputError: If the network does not take such images.
        """
        if image_shape not in self._shapes:
            self._shapes[image_shape] = self._shape_by_running(image_shape)
        return self._shapes[image_shape]

    def _shape_by_running(self, image_shape: tuple[int, ...]) -> tuple[int, ...]:
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
        # An external network may raise anything while it is traced or run.
        except Exception as error:
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
        prepared = prepare(images, self._network.input, self._range_of_floats)
        features = self._network.call(prepared, self.layer)
        return tf.stop_gradient(tf.cast(tf.convert_to_tensor(features), tf.float32))


def _load_once(path: Path, load: Callable[[Path], LoadedNetwork]) -> LoadedNetwork:
    if tf.distribute.has_strategy():
        # A strategy decides on which devices variables are created.
        return load(path)
    network = _LOADED.get(path, str(path))
    return _LOADED.put(path, load(path), str(path)) if network is None else network


def _locate(path: Path) -> tuple[Path, str, Callable[[Path], LoadedNetwork]]:
    """Path of the network, its form in words, and the function that loads it."""
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
