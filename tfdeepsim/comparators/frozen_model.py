"""A frozen Keras model up to some of its layers: which images it takes, and what comes out."""

from collections.abc import Sequence

import keras

from tfdeepsim.errors import InputError

Size = tuple[int, int]
"""Height and width of an image in pixels."""

_LARGEST_MINIMUM = 1024


class FrozenModel:
    """A frozen Keras model from images to the features of some layers.

    Args:
        name: Name of the network, for errors.
        layers: Names of the layers, for errors.
        model: From images [B, H, W, 3] to the features of each layer.
        size: Height and width of the images that the model takes; None for any.

    Example:
        >>> model = FrozenModel("VGG16", ["block2_conv2"], vgg16_up_to_block2, None)
        >>> model.feature_shapes((64, 64))
        [(32, 32, 128)]
    """

    def __init__(self, name: str, layers: Sequence[str], model: keras.Model, size: Size | None):
        self.name = name
        self.layers = tuple(layers)
        self.model = model
        self.model.trainable = False
        self.size = size
        self._shapes: dict[Size, list[tuple[int, ...]] | None] = {}

    @property
    def minimum_size(self) -> int:
        """Smallest height and width of an image, in pixels."""
        if self.size is not None:
            return min(self.size)
        sides = range(1, _LARGEST_MINIMUM)
        return next((side for side in sides if self._shapes_of((side, side))), _LARGEST_MINIMUM)

    def feature_shapes(self, size: Size) -> list[tuple[int, ...]]:
        """Shape of one image's features at each layer.

        Args:
            size: Height and width of the image in pixels.

        Raises:
            InputError: If images of that size do not reach the layers.
        """
        size = (size[0], size[1])
        if self.size is not None and self.size != size:
            raise self._unsuitable(size, self._accepted_size(self.size))
        shapes = self._shapes_of(size)
        if shapes is None:
            smallest = self.minimum_size
            least = f"at least {pixels((smallest, smallest))}"
            # NASNet adds maps that differ by one where a stride does not divide.
            accepted = least if min(size) < smallest else "multiples of 32"
            raise self._unsuitable(size, f"{accepted}, or an earlier layer")
        return shapes

    def _accepted_size(self, size: Size) -> str:
        """What is accepted by a model that takes images of one size, for the error."""
        return pixels(size)

    def _shapes_of(self, size: Size) -> list[tuple[int, ...]] | None:
        if size not in self._shapes:
            try:
                shapes = self.model.compute_output_shape((None, *size, 3))
            # A window does not fit into its map, or two maps do not fit together. A layer of
            # others may raise anything.
            except Exception:
                shapes = None
            if shapes is not None:
                shapes = [tuple(shape[1:]) for shape in _as_list(shapes)]
            self._shapes[size] = shapes
        return self._shapes[size]

    def _unsuitable(self, size: Size, accepted: str) -> InputError:
        layers = "+".join(self.layers)
        return InputError(
            f"images must suit {self.name}'s {layers}", got=pixels(size), accepted=accepted
        )


def pixels(size: Size) -> str:
    """A size as text."""
    return f"{size[0]}x{size[1]} pixels"


def _as_list(shapes: Sequence) -> Sequence:
    """The shape of each output, of a model that may have one."""
    return shapes if isinstance(shapes, list) else [shapes]
