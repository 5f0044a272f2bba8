"""Reads the weights of a network of `keras.applications` from a file."""

import dataclasses
import os
import warnings
from collections.abc import Sequence

import h5py
import keras
import numpy as np

from tfdeepsim.comparators.keras_applications.catalog import build, check_model, remote_file_of
from tfdeepsim.comparators.keras_applications.layers import check_layers, layers_by_name
from tfdeepsim.comparators.keras_applications.torchvision import (
    NETWORKS,
    is_torchvision_file,
    load_torchvision,
)
from tfdeepsim.comparators.weights.fetch import has_digest
from tfdeepsim.comparators.weights.read_once import ReadOnce
from tfdeepsim.errors import InputError
from tfdeepsim.hdf5_check import check_hdf5
from tfdeepsim.networks.imagenet import IMAGENET_STD


@dataclasses.dataclass(frozen=True)
class PartialNetwork:
    """A network of `keras.applications` up to the deepest of some layers.

    Attributes:
        model: From preprocessed images to the features of each layer.
        names: Name of each layer as `layers_by_name` of the whole network has it, by the name that
            the layer has in this process.
        has_top: Whether one of the layers belongs to the classifier.
    """

    model: keras.Model
    names: dict[str, str]
    has_top: bool


# Whether the network needs its classifier, and the weights up to the deepest layer.
_READ: ReadOnce[tuple[bool, list[np.ndarray]]] = ReadOnce(1)


def load_network(name: str, layers: Sequence[str], path: str) -> PartialNetwork:
    """Build a network up to the deepest of some layers, with the weights in a file.

    Keras reads the file; what it reads there is numbers, never code. The same weights are read
    once, as long as the file does not change.

    Args:
        name: Name of the network.
        layers: Names of its layers, as `layers_by_name` has them.
        path: A `.weights.h5` file, or an `.h5` file such as Keras publishes, with or without the
            classifier; for VGG16 and VGG19 also a file in torchvision's layout.

    Raises:
        InputError: If there is no such network, layer or file, the file is damaged, or it belongs
            to another network.
    """
    check_model(name)
    _check_file(name, path)
    key = (path, name, tuple(layers))
    if (read := _READ.get(path, *key)) is not None:
        has_top, arrays = read
        network = _up_to(layers, build(name, has_top), has_top)
        network.model.set_weights(arrays)
        finalize(network.model)
        return network
    if is_torchvision_file(name, path):
        whole = build(name, top=False)
        load_torchvision(name, whole, layers, path)
        network = _up_to(layers, whole, has_top=False)
    else:
        network = _up_to(layers, *_read(name, layers, path))
    _check_complete(name, network.model, path)
    _READ.put(path, (network.has_top, network.model.get_weights()), *key)
    return network


def finalize(network: keras.Model) -> None:
    """Tell the layers of a network that their weights were set."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def _up_to(layers: Sequence[str], network: keras.Model, has_top: bool) -> PartialNetwork:
    by_name = layers_by_name(network)
    model = keras.Model(network.input, [by_name[layer].output for layer in layers])
    return PartialNetwork(model, {layer.name: name for name, layer in by_name.items()}, has_top)


def _read(name: str, layers: Sequence[str], path: str) -> tuple[keras.Model, bool]:
    """A whole network with the weights in a file, and whether it has its classifier: only if one of
    the layers is in there."""
    network = build(name, top=False)
    has_top = not set(layers) <= set(layers_by_name(network))
    if has_top:
        network = build(name, top=True)
        check_layers(name, layers, tuple(layers_by_name(network)))
    error = _load(name, network, path)
    # The file may hold the classifier too.
    if isinstance(error, ValueError) and not has_top:
        with_top = build(name, top=True)
        if not _load(name, with_top, path):
            _copy_weights(with_top, network)
            error = None
    if error:
        raise _unfit(name, path, _line(error), has_top) from error
    return network, has_top


def _check_complete(name: str, network: keras.Model, path: str) -> None:
    """Raises InputError if a file did not set all weights of a network, or not to finite
    numbers."""
    for layer in network.layers:
        if not all(np.isfinite(variable.numpy()).all() for variable in layer.weights):
            raise _unfit(name, path, f"NaN, infinity or nothing for {layer.name}", False)


def _load(name: str, network: keras.Model, path: str) -> Exception | None:
    """Load weights; return what was wrong with them, if anything."""
    # What the file does not set stays NaN, and is refused.
    for variable in network.weights:
        if "float" in variable.dtype:
            variable.assign(np.full(variable.shape, np.nan, variable.dtype))
    try:
        with warnings.catch_warnings():
            # Keras warns of containers that some files have and others have not.
            warnings.simplefilter("ignore")
            network.load_weights(path)
    # Keras and h5py raise errors of many kinds at files that are not what they should be.
    except Exception as error:
        return error
    if name.startswith("EfficientNetB") and _rescales_twice(name, path):
        _rescale_again(network)
    return None


def _copy_weights(with_top: keras.Model, without_top: keras.Model) -> None:
    by_name = layers_by_name(with_top)
    for name, layer in layers_by_name(without_top).items():
        if name in by_name:
            layer.set_weights(by_name[name].get_weights())
    finalize(without_top)


def _rescales_twice(name: str, path: str) -> bool:
    """Whether a file belongs to EfficientNet as Keras builds it for its published weights alone.

    That one divides once more by the root of the standard deviation, in a layer that a file lists
    if it was saved from such a network.
    """
    with h5py.File(path) as file:
        listed = (
            file.attrs["layer_names"] if "layer_names" in file.attrs else file.get("layers", ())
        )
        if sum("rescaling" in str(layer) for layer in listed) > 1:
            return True
    return any(has_digest(path, remote_file_of(name, top).digest) for top in (False, True))


def _rescale_again(network: keras.Model) -> None:
    layer = layers_by_name(network)["normalization"]
    layer.adapt_variance.assign(layer.adapt_variance * np.array(IMAGENET_STD, np.float32))
    finalize(network)


def _check_file(name: str, path: str) -> None:
    if not os.path.isfile(path):
        raise InputError(
            "weights must be a file",
            got=f"no file {path}",
            accepted=f"the path of {accepted_files(name)}",
        )
    if not path.endswith(".h5") and not is_torchvision_file(name, path):
        raise _unfit(name, path, "a name with another ending", False)
    if path.endswith(".h5"):
        check_hdf5(path, "weights in an .h5 file are whole", accepted_files(name))


def _unfit(name: str, path: str, got: str, has_top: bool) -> InputError:
    published = f", such as {remote_file_of(name, top=True).url}" if has_top else ""
    return InputError(
        f"{path} must hold the weights of {name}{' with its classifier' if has_top else ''}",
        got=got,
        accepted=f"{accepted_files(name)}{published}",
    )


def accepted_files(name: str) -> str:
    """The weights files that a network takes, in words for an error."""
    torchvision = ", or of torchvision's (.pth, .safetensors)" if name in NETWORKS else ""
    return f"a whole .weights.h5 or .h5 file of keras.applications.{name}{torchvision}"


def _line(error: Exception) -> str:
    """The first sentence or two of an error, without the list of layers that Keras adds."""
    text = " ".join(str(error).partition("List of objects")[0].split())
    return f"{text[:200]}..." if len(text) > 200 else text or type(error).__name__
