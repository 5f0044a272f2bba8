"""A network of `keras.applications`: built, cut off behind some layers, with weights from a file."""

import os
import re
import warnings
from collections.abc import Mapping, Sequence

import keras
import numpy as np

from tfdeepsim.comparators.keras_offer import BUILT_FOR, as_offered, constructor_of
from tfdeepsim.comparators.weights import digest
from tfdeepsim.errors import InputError

_LARGEST_MINIMUM = 1024
_NAMES_SHOWN = 12

Layers = Mapping[str, keras.layers.Layer]


class KerasNetwork:
    """A network of `keras.applications` up to the deepest of some layers.

    Before its classifier a network takes images of any size, with the paddings that Keras chooses for 224 x 224:
    where a stride of 2 meets a map of odd size, that is as if it were even. The classifier takes one size.

    Args:
        name: As in `keras.applications`.
        layers: Names of layers, as `layers_by_name` has them.
        path: A `.weights.h5` file, or an `.h5` file such as Keras offers, with or without classifier.

    Attributes:
        model: Frozen, from preprocessed images [B, height, width, 3] to a list with the features of each layer.
        size: Height and width that it takes; None for any.

    Raises:
        InputError: If there is no such network, layer or file, the file is damaged, or it belongs to another
            network.
    """

    def __init__(self, name: str, layers: Sequence[str], path: str | os.PathLike):
        self.name = name
        self.layers = tuple(layers)
        whole, in_top = _loaded(name, self.layers, os.fspath(path))
        named = layers_by_name(whole)
        used = _cut(whole, named, self.layers)
        self.size: tuple[int, int] | None = whole.input_shape[1:3] if in_top else None
        # Layers hold on to those that follow them: only a copy lets go of what is not used.
        images = keras.Input((*(self.size or (None, None)), 3))
        self.model = keras.models.clone_model(used, input_tensors=images)
        self.model.set_weights(used.get_weights())
        self.model.trainable = False
        self._names = {layer.name: known for known, layer in named.items()}
        self._shapes: dict[tuple[int, int], list[tuple[int, ...]] | None] = {}

    @property
    def sha256(self) -> str:
        """Digest of the weights in use, by layer and variable."""
        return digest(
            {
                f"{self._names[layer.name]}/{variable.name}": variable.numpy()
                for layer in self.model.layers
                for variable in layer.weights
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
        if self.size not in (None, size):
            raise self._unsuitable(size, f"{_pixels(self.size)}, or a layer before its classifier")
        shapes = self._shapes_of(size)
        if shapes is None:
            smallest = self.minimum_size
            # Two maps of NASNet that are added may differ by one where a stride does not divide.
            least = (
                f"at least {_pixels((smallest, smallest))}" if min(size) < smallest else "a multiple of 32"
            )
            raise self._unsuitable(size, f"{least}, or an earlier layer")
        return shapes

    def _shapes_of(self, size: tuple[int, int]) -> list[tuple[int, ...]] | None:
        if size not in self._shapes:
            try:
                found = self.model.compute_output_shape((None, *size, 3))
                self._shapes[size] = [tuple(shape[1:]) for shape in found]
            except ValueError:  # a window does not fit into its map, or two maps do not fit together
                self._shapes[size] = None
        return self._shapes[size]

    def _unsuitable(self, size: tuple[int, int], accepted: str) -> InputError:
        layers = "+".join(self.layers)
        return InputError(f"images must suit {self.name}'s {layers}", got=_pixels(size), accepted=accepted)


def layers_by_name(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """The layers of a network, from image to output, by the names that they have in a fresh process.

    Keras counts layers without a name of their own over all networks of a process: in the second InceptionV3
    the first convolution is `conv2d_94`. Here it is `conv2d` in each.
    """
    first: dict[str, int] = {}
    counts = {layer.name: count for layer in model.layers if (count := _count(layer))}
    for kind, number in counts.values():
        first[kind] = min(number, first.get(kind, number))
    named = {}
    for layer in model.layers:
        kind, number = counts.get(layer.name, (layer.name, 0))
        number -= first.get(kind, 0)
        named[f"{kind}_{number}" if number else kind] = layer
    return {name: layer for name, layer in named.items() if not isinstance(layer, keras.layers.InputLayer)}


def _count(layer: keras.layers.Layer) -> tuple[str, int] | None:
    """The kind and number in a name that Keras gave, such as `conv2d_94`; None if it is the layer's own."""
    kind, _, number = layer.name.rpartition("_") if re.search(r"_\d+$", layer.name) else (layer.name, "", "0")
    return (kind, int(number)) if kind.replace("_", "") == type(layer).__name__.lower() else None


def _loaded(name: str, layers: tuple[str, ...], path: str) -> tuple[keras.Model, bool]:
    """The whole network with its weights, and whether one of the layers is in its classifier."""
    constructor_of(name)
    _check_file(name, path)
    in_top, errors = False, []
    # A file with the classifier gives the layers before it too.
    for top in (False, True):
        whole = _built(name, top, path)
        named = layers_by_name(whole)
        if not set(layers) <= set(named):
            if top:
                raise _unknown(name, layers, tuple(named))
            in_top = True
            continue
        try:
            _load(whole, path)
        # Keras and h5py raise errors of many kinds at files that are not what they should be.
        except Exception as error:
            errors.append(error)
            continue
        _check_complete(name, _cut(whole, named, layers), path)
        return whole, in_top
    raise _unfit(name, path, _line(errors[0]), in_top) from errors[0]


def _built(name: str, top: bool, path: str) -> keras.Model:
    if name.startswith("EfficientNetB") and (network := as_offered(name, top, path)):
        return network
    return constructor_of(name)(weights=None, include_top=top, input_shape=None if top else BUILT_FOR)


def _cut(whole: keras.Model, named: Layers, layers: Sequence[str]) -> keras.Model:
    return keras.Model(whole.input, [named[layer].output for layer in layers])


def _load(whole: keras.Model, path: str) -> None:
    # What the file does not set stays NaN, and is found.
    for variable in whole.weights:
        if "float" in variable.dtype:
            variable.assign(np.full(variable.shape, np.nan, variable.dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # notes on containers that some files have and others have not
        whole.load_weights(path)


def _check_file(name: str, path: str) -> None:
    if not os.path.isfile(path):
        raise InputError(
            "weights must be a file",
            got=f"no file {path}",
            accepted=f"the path of a .weights.h5 or .h5 file of keras.applications.{name}",
        )
    if not path.endswith(".h5"):
        raise _unfit(name, path, f"a {os.path.splitext(path)[1] or 'nameless'} file")


def _check_complete(name: str, network: keras.Model, path: str) -> None:
    for layer in network.layers:
        for variable in layer.weights:
            if not np.isfinite(variable.numpy()).all():
                raise _unfit(name, path, f"none, or NaN or infinity, for {layer.name}/{variable.name}")


def _unfit(name: str, path: str, got: str, in_top: bool = False) -> InputError:
    return InputError(
        f"{path} must hold the weights of {name}{' with its classifier' if in_top else ''}",
        got=got,
        accepted=f"a whole .weights.h5 or .h5 file of keras.applications.{name}",
    )


def _unknown(name: str, layers: Sequence[str], names: Sequence[str]) -> InputError:
    shown = names if len(names) <= 2 * _NAMES_SHOWN else [*names[:_NAMES_SHOWN], "...", names[-1]]
    unknown = next(layer for layer in layers if layer not in names)
    return InputError(f"{name} has no such layer", got=repr(unknown), accepted=", ".join(shown))


def _line(error: Exception) -> str:
    """The first sentence or two of an error, without the list of layers that Keras adds."""
    text = " ".join(str(error).partition("List of objects")[0].split())
    return f"{text[:200]}..." if len(text) > 200 else text or type(error).__name__


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]} pixels"
