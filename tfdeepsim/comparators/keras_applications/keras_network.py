"""A network of `keras.applications` up to some layers, with weights from a file."""

import copy
import os
from collections.abc import Sequence

import keras

from tfdeepsim.comparators.keras_applications.receptive_field import receptive_fields
from tfdeepsim.comparators.keras_applications.weights import finalize, load_network
from tfdeepsim.comparators.weights.load import digest
from tfdeepsim.errors import InputError

_LARGEST_MINIMUM = 1024


class KerasNetwork:
    """A frozen network of `keras.applications` up to the deepest of some layers.

    Without its classifier a network takes images of any size, padded as Keras does it when it does
    not know the size: as if every map that a stride of 2 meets had an even size. The classifier
    takes one size only.

    Args:
        name: Name of the network, as in `keras.applications`.
        layers: Names of layers, as `layers_by_name` has them.
        path: A weights file, as `load_network` takes it.

    Attributes:
        model: From preprocessed images [B, height, width, 3] to the features of each layer.
        size: Height and width of the images that the network takes; None for any.

    Raises:
        InputError: If there is no such network, layer or file, the file is damaged, or it belongs
            to another network.

    Example:
        >>> network = KerasNetwork("VGG16", ["block2_conv2"], "vgg16.weights.h5")
        >>> network.feature_shapes((64, 64))
        [(32, 32, 128)]
    """

    def __init__(self, name: str, layers: Sequence[str], path: str | os.PathLike):
        self.name = name
        self.layers = tuple(layers)
        loaded = load_network(name, self.layers, os.fspath(path))
        self.model = loaded.model
        self.model.trainable = False
        self.size: tuple[int, int] | None = self.model.input_shape[1:3] if loaded.has_top else None
        self._names = loaded.names
        self._shapes: dict[tuple[int, int], list[tuple[int, ...]] | None] = {}

    def detached(self) -> "KerasNetwork":
        """A copy without the layers that follow the deepest one, to which Keras' layers refer."""
        detached = copy.copy(self)
        images = keras.Input((*(self.size or (None, None)), 3))
        detached.model = keras.models.clone_model(self.model, input_tensors=images)
        detached.model.set_weights(self.model.get_weights())
        finalize(detached.model)
        detached.model.trainable = False
        return detached

    @property
    def sha256(self) -> str:
        """Digest of the weights in use, by layer."""
        return digest(
            {
                f"{self._names[layer.name]}/{index}": variable.numpy()
                for layer in self.model.layers
                for index, variable in enumerate(layer.weights)
            }
        )

    @property
    def minimum_size(self) -> int:
        """Smallest height and width of an image, in pixels."""
        if self.size is not None:
            return min(self.size)
        sides = range(1, _LARGEST_MINIMUM)
        return next((side for side in sides if self._shapes_of((side, side))), _LARGEST_MINIMUM)

    def feature_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        """Shape of one image's features at each layer.

        Args:
            size: Height and width of the image in pixels.

        Raises:
            InputError: If images of that size do not reach the layers.
        """
        size = (size[0], size[1])
        if self.size is not None and self.size != size:
            raise self._unsuitable(size, f"{_pixels(self.size)}, or a layer before its classifier")
        shapes = self._shapes_of(size)
        if shapes is None:
            smallest = self.minimum_size
            least = f"at least {_pixels((smallest, smallest))}"
            # NASNet adds maps that differ by one where a stride does not divide.
            accepted = least if min(size) < smallest else "multiples of 32"
            raise self._unsuitable(size, f"{accepted}, or an earlier layer")
        return shapes

    def receptive_fields(self) -> list[tuple[int, int] | None]:
        """Side of the receptive field of each layer in pixels, and the pixels between neighbouring
        ones; None for the whole image."""
        return receptive_fields(self.model)

    def _shapes_of(self, size: tuple[int, int]) -> list[tuple[int, ...]] | None:
        if size not in self._shapes:
            try:
                shapes = self.model.compute_output_shape((None, *size, 3))
                self._shapes[size] = [tuple(shape[1:]) for shape in shapes]
            # A window does not fit into its map, or two maps do not fit together.
            except ValueError:
                self._shapes[size] = None
        return self._shapes[size]

    def _unsuitable(self, size: tuple[int, int], accepted: str) -> InputError:
        layers = "+".join(self.layers)
        return InputError(
            f"images must suit {self.name}'s {layers}", got=_pixels(size), accepted=accepted
        )


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]} pixels"
