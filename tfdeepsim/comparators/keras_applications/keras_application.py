"""Networks of `keras.applications` as comparators: `keras:VGG16:block2_conv2`."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.comparators.keras_applications.catalog import preprocessing_of
from tfdeepsim.comparators.keras_applications.keras_network import KerasNetwork
from tfdeepsim.comparators.keras_applications.torchvision import (
    is_torchvision_file,
    scale_pixels,
)
from tfdeepsim.comparators.keras_applications.weights import accepted_files
from tfdeepsim.comparators.weights.labels_seen import labels_seen
from tfdeepsim.errors import InputError
from tfdeepsim.networks.precision import precision


@keras.saving.register_keras_serializable("tfdeepsim")
class KerasApplication(Comparator):
    """A network of `keras.applications`, up to the deepest of the requested layers.

    Pixels in [0, 1] are scaled as they were when the network was trained. Batch normalization
    always uses the statistics of the file. The network computes in the dtype policy of this layer;
    the scaling of pixels in float32.

    Args:
        model: Name of the network, as in `keras.applications`.
        layers: Names of its layers, as Keras has them in a fresh process.
        weights_file: A `.weights.h5` file, or an `.h5` file such as Keras publishes, with or
            without the classifier; for VGG16 and VGG19 also a file in torchvision's layout.
        **options: Arguments of `Comparator`, and `name` and `dtype` of the Keras layer.

    Raises:
        InputError: If there is no such network, layer or file; if the file is damaged or of another
            network.

    Example:
        >>> comparator = KerasApplication("VGG16", ["block2_conv2"], weights_file="vgg16.h5")
        >>> features = comparator(tf.zeros((1, 64, 64, 3)))
    """

    def __init__(
        self,
        model: str,
        layers: Sequence[str],
        *,
        weights_file: str | os.PathLike | None,
        **options: Any,
    ):
        weights_file = _required_file(model, weights_file)
        # Functions of `keras.applications` take no policy of their own.
        with precision(options.get("dtype")):
            network = KerasNetwork(model, layers, weights_file).detached()
        super().__init__(
            layers,
            source=weights_file,
            sha256=network.sha256,
            minimum_size=network.minimum_size,
            saw_labels=labels_seen(weights_file),
            **options,
        )
        self.model = model
        self.weights_file = weights_file
        self.network = network
        # Keras finds the weights of a layer that is an attribute, but not those of one that an
        # attribute holds.
        self._frozen = network.model
        preprocess = preprocessing_of(model)
        self._scale: Callable[[tf.Tensor], tf.Tensor] = (
            scale_pixels
            if is_torchvision_file(model, weights_file)
            else lambda images: preprocess(images * 255.0)
        )
        self.built = True

    def check_size(self, size: tuple[int, int]) -> None:
        self.feature_shapes(size)

    def extract(self, images: tf.Tensor) -> list[tf.Tensor]:
        # A model with one output returns it without a list.
        return keras.tree.flatten(self._frozen(self._scale(images), training=False))

    def feature_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        return self.network.feature_shapes(size)

    def receptive_fields(self) -> list[tuple[int, int] | None]:
        return self.network.receptive_fields()

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"model": self.model, "weights_file": self.weights_file}


def check_application(
    model: str, layers: Sequence[str], size: tuple[int, int] | None, path: str | os.PathLike | None
) -> None:
    """Check a comparator of `keras.applications` by building its network.

    Args:
        model: Name of the network.
        layers: Names of its layers.
        size: Height and width of the images in pixels; None if unknown.
        path: Weights file.

    Raises:
        InputError: As `KerasApplication`, or if images of that size do not suit it.
    """
    network = KerasNetwork(model, layers, _required_file(model, path))
    if size is not None:
        network.feature_shapes(size)


def _required_file(model: str, path: str | os.PathLike | None) -> str:
    if path is None:
        raise InputError(
            f"{model} needs its trained weights",
            got="none",
            accepted=accepted_files(model),
        )
    return os.fspath(path)
