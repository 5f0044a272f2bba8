"""Names of the layers of a Keras network."""

import re
from collections.abc import Sequence

import keras

from tfdeepsim.errors import InputError

_NAMES_SHOWN = 12


def layers_by_name(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """The layers of a network, from image to output, by the names that they have in a fresh
    process.

    Keras numbers layers without a name of their own over all networks of a process: in the second
    InceptionV3 of a process the first convolution is `conv2d_94`. Here it is `conv2d` in each.

    Args:
        model: The network.
    """
    counts = {layer.name: count for layer in model.layers if (count := _count(layer))}
    first: dict[str, int] = {}
    for kind, number in counts.values():
        first[kind] = min(number, first.get(kind, number))
    named = {}
    for layer in model.layers:
        kind, number = counts.get(layer.name, (layer.name, 0))
        number -= first.get(kind, 0)
        named[f"{kind}_{number}" if number else kind] = layer
    return {
        name: layer
        for name, layer in named.items()
        if not isinstance(layer, keras.layers.InputLayer)
    }


def check_layers(model: str, layers: Sequence[str], names: Sequence[str]) -> None:
    """Check that a network has some layers.

    Args:
        model: Name of the network, for the error.
        layers: Names of the layers that it must have.
        names: Names of all its layers.

    Raises:
        InputError: If a layer is missing. A long list of accepted names is shortened.
    """
    unknown = [layer for layer in layers if layer not in names]
    if unknown:
        shown = (
            names if len(names) <= 2 * _NAMES_SHOWN else [*names[:_NAMES_SHOWN], "...", names[-1]]
        )
        raise InputError(
            f"{model} has no such layer", got=repr(unknown[0]), accepted=", ".join(shown)
        )


def _count(layer: keras.layers.Layer) -> tuple[str, int] | None:
    """Kind and number in a name that Keras generated, such as `conv2d_94`; None for other
    names."""
    match = re.fullmatch(r"(.+?)(?:_(\d+))?", layer.name)
    if match is None or match[1].replace("_", "") != type(layer).__name__.lower():
        return None
    return match[1], int(match[2] or 0)
