"""A network of `keras.applications` up to some layers, with weights from a file."""

import copy
import os
from collections.abc import Sequence

import keras

from tfdeepsim.comparators.frozen_model import FrozenModel, Size, pixels
from tfdeepsim.comparators.keras_applications.receptive_field import receptive_fields
from tfdeepsim.comparators.keras_applications.weights import finalize, load_network
from tfdeepsim.comparators.weights.load import digest


class KerasNetwork(FrozenModel):
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
        loaded = load_network(name, layers, os.fspath(path))
        size = loaded.model.input_shape[1:3] if loaded.has_top else None
        super().__init__(name, layers, loaded.model, size)
        self._names = loaded.names

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

    def _accepted_size(self, size: Size) -> str:
        return f"{pixels(size)}, or a layer before its classifier"

    def receptive_fields(self) -> list[tuple[int, int] | None]:
        """Side of the receptive field of each layer in pixels, and the pixels between neighbouring
        ones; None for the whole image."""
        return receptive_fields(self.model)
