"""Reads the weights of a network of `keras.applications` from a file."""

import os
import warnings
from collections.abc import Sequence

import h5py
import keras
import numpy as np

from tfdeepsim.comparators.chains.architecture import IMAGENET_STD
from tfdeepsim.comparators.keras_applications.catalog import build, check_model, remote_file_of
from tfdeepsim.comparators.keras_applications.layers import check_layers, layers_by_name
from tfdeepsim.comparators.weights.fetch import matches
from tfdeepsim.errors import InputError


def load_network(name: str, layers: Sequence[str], path: str) -> tuple[keras.Model, bool]:
    """A network with the weights in a file, which Keras reads; what it reads there is numbers,
    never code.

    Args:
        name: Of the network.
        layers: Names of its layers, as `layers_by_name` has them.
        path: A `.weights.h5` file, or an `.h5` file such as Keras offers, with or without the
            classifier.

    Returns:
        the network, and whether it has its classifier: only if one of the layers is in there.

    Raises:
        InputError: If there is no such network, layer or file, the file is damaged, or it belongs
            to another network.
    """
    check_model(name)
    _check_file(name, path)
    network = build(name, top=False)
    in_top = not set(layers) <= set(layers_by_name(network))
    if in_top:
        network = build(name, top=True)
        check_layers(name, layers, tuple(layers_by_name(network)))
    error = _load(name, network, path)
    # A file that was read may have the classifier, and gives the layers before it too.
    if isinstance(error, ValueError) and not in_top:
        whole = build(name, top=True)
        if not _load(name, whole, path):
            _hand_over(whole, network)
            error = None
    if error:
        raise _unfit(name, path, _line(error), in_top) from error
    return network, in_top


def check_complete(name: str, network: keras.Model, path: str) -> None:
    """Raises InputError if a file did not give all weights of a part of the network, as finite
    numbers."""
    for layer in network.layers:
        if not all(np.isfinite(variable.numpy()).all() for variable in layer.weights):
            raise _unfit(name, path, f"NaN, infinity or nothing for {layer.name}", False)


def finalize(network: keras.Model) -> None:
    """Let layers know that their weights were set."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def _load(name: str, network: keras.Model, path: str) -> Exception | None:
    """Load weights; what was wrong with them, if anything."""
    # What the file does not set stays NaN, and is found.
    for variable in network.weights:
        if "float" in variable.dtype:
            variable.assign(np.full(variable.shape, np.nan, variable.dtype))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # notes on containers that some files have and others have not
            network.load_weights(path)
    # Keras and h5py raise errors of many kinds at files that are not what they should be.
    except Exception as error:
        return error
    if name.startswith("EfficientNetB") and _rescales_twice(name, path):
        _rescale_again(network)
    return None


def _hand_over(whole: keras.Model, bare: keras.Model) -> None:
    """Give a network without classifier the weights of the same one with it."""
    given = layers_by_name(whole)
    for name, layer in layers_by_name(bare).items():
        if name in given:
            layer.set_weights(given[name].get_weights())
    finalize(bare)


def _rescales_twice(name: str, path: str) -> bool:
    """Whether a file belongs to EfficientNet as Keras builds it for its own weights, and only for
    them.

    That one divides once more by the root of the deviation, in a layer that files list if they were
    saved so.
    """
    with h5py.File(path) as file:
        listed = (
            file.attrs["layer_names"] if "layer_names" in file.attrs else file.get("layers", ())
        )
        if sum("rescaling" in str(layer) for layer in listed) > 1:
            return True
    return any(matches(path, remote_file_of(name, top).digest) for top in (False, True))


def _rescale_again(network: keras.Model) -> None:
    layer = layers_by_name(network)["normalization"]
    layer.adapt_variance.assign(layer.adapt_variance * np.array(IMAGENET_STD, np.float32))
    finalize(network)


def _check_file(name: str, path: str) -> None:
    if not os.path.isfile(path):
        raise InputError(
            "weights must be a file",
            got=f"no file {path}",
            accepted=f"the path of a .weights.h5 or .h5 file of keras.applications.{name}",
        )
    if not path.endswith(".h5"):
        raise _unfit(name, path, "a name with another ending", False)


def _unfit(name: str, path: str, got: str, in_top: bool) -> InputError:
    offered = f", such as {remote_file_of(name, top=True).url}" if in_top else ""
    return InputError(
        f"{path} must hold the weights of {name}{' with its classifier' if in_top else ''}",
        got=got,
        accepted=f"a whole .weights.h5 or .h5 file of keras.applications.{name}{offered}",
    )


def _line(error: Exception) -> str:
    """The first sentence or two of an error, without the list of layers that Keras adds."""
    text = " ".join(str(error).partition("List of objects")[0].split())
    return f"{text[:200]}..." if len(text) > 200 else text or type(error).__name__
