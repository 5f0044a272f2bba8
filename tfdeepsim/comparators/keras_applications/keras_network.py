"""A network of `keras.applications`: built, cut off behind some layers, with weights from a
file."""

import copy
import os
from collections.abc import Sequence

import keras

from tfdeepsim.comparators.keras_applications.layers import layers_by_name
from tfdeepsim.comparators.keras_applications.receptive_field import receptive_fields
from tfdeepsim.comparators.keras_applications.weights import check_complete, finalize, load_network
from tfdeepsim.comparators.weights.load import digest
from tfdeepsim.errors import InputError

_LARGEST_MINIMUM = 1024


class KerasNetwork:
    """A frozen network of `keras.applications` up to the deepest of some layers.

    Before its classifier a network takes images of any size, padded as Keras does it where it knows
    none: where a stride of 2 meets a map of odd size, as if that were even. The classifier takes
        one size.

    Args:
        name: As in `keras.applications`.
        layers: Names of layers, as `layers_by_name` has them.
        path: A `.weights.h5` file, or an `.h5` file such as Keras offers, with or without
            classifier.

    Attributes:
        model: From preprocessed images [B, height, width, 3] to the features of each layer.
        size: Height and width that it takes; None for any.

    Raises:
        InputError: If there is no such network, layer or file, the file is damaged, or it belongs
            to another network.
    """

    def __init__(self, name: str, layers: Sequence[str], path: str | os.PathLike):
        self.name = name
        self.layers = tuple(layers)
        whole, in_top = load_network(name, self.layers, os.fspath(path))
        named = layers_by_name(whole)
        self.size: tuple[int, int] | None = whole.input_shape[1:3] if in_top else None
        self.model = keras.Model(whole.input, [named[layer].output for layer in self.layers])
        check_complete(name, self.model, os.fspath(path))
        self.model.trainable = False
        self._names = {layer.name: known for known, layer in named.items()}
        self._shapes: dict[tuple[int, int], list[tuple[int, ...]] | None] = {}

    def alone(self) -> "KerasNetwork":
        """A copy that holds nothing but what is used: Keras' layers hold on to those that follow
        them."""
        only = copy.copy(self)
        images = keras.Input((*(self.size or (None, None)), 3))
        only.model = keras.models.clone_model(self.model, input_tensors=images)
        only.model.set_weights(self.model.get_weights())
        finalize(only.model)
        only.model.trainable = False
        return only

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
        """Shape of the features of one image of that height and width, for each layer.

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
            wanted = least if min(size) < smallest else "multiples of 32"
            raise self._unsuitable(size, f"{wanted}, or an earlier layer")
        return shapes

    def receptive_fields(self) -> list[tuple[int, int] | None]:
        """Of each layer: pixels that one feature sees, and pixels between neighbours; None for
        all."""
        return receptive_fields(self.model)

    def _shapes_of(self, size: tuple[int, int]) -> list[tuple[int, ...]] | None:
        if size not in self._shapes:
            try:
                found = self.model.compute_output_shape((None, *size, 3))
                self._shapes[size] = [tuple(shape[1:]) for shape in found]
            except (
                ValueError
            ):  # a window does not fit into its map, or two maps do not fit together
                self._shapes[size] = None
        return self._shapes[size]

    def _unsuitable(self, size: tuple[int, int], accepted: str) -> InputError:
        layers = "+".join(self.layers)
        return InputError(
            f"images must suit {self.name}'s {layers}", got=_pixels(size), accepted=accepted
        )


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]} pixels"
