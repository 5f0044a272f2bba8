"""The spelling of comparators: `NAME:LAYER`, or `NAME:LAYER+LAYER+...` for several layers at
once."""

import dataclasses
import functools
from collections.abc import Sequence

from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.chains.architecture import Architecture
from tfdeepsim.comparators.chains.caffe_alexnet import CAFFE_ALEXNET, VIDEONET
from tfdeepsim.comparators.chains.exemplar_cnn import EXEMPLAR_CNN
from tfdeepsim.config.defaults import EXTERNAL, in_proportion
from tfdeepsim.errors import InputError

ARCHITECTURES: dict[str, Architecture] = {
    "alexnet": ALEXNET,
    "random_alexnet": ALEXNET,
    "caffe_alexnet": CAFFE_ALEXNET,
    "videonet": VIDEONET,
    "exemplar_cnn": EXEMPLAR_CNN,
}
"""Networks that are chains of layers, by the names of comparators."""

KERAS = "keras:"
"""Prefix of the name of a network of `keras.applications`."""

SPELLINGS = (*ARCHITECTURES, f"{KERAS}MODEL", f"{EXTERNAL}FILE.keras")
"""Names of comparators, for help and errors."""


@dataclasses.dataclass(frozen=True)
class Spec:
    """A comparator and its layers, as a user spells them.

    Attributes:
        name: A name in `ARCHITECTURES`, `keras:MODEL`, or `external:FILE.keras`.
        layers: Names of different layers of the network.

    Example:
        >>> parse("alexnet:conv1+relu2")
        Spec(name='alexnet', layers=('conv1', 'relu2'))
    """

    name: str
    layers: tuple[str, ...]

    @property
    def keras_model(self) -> str | None:
        """Name of the network in `keras.applications`; None for other networks."""
        return self.name.removeprefix(KERAS) if self.name.startswith(KERAS) else None

    @property
    def keras_file(self) -> str | None:
        """Path of the network's `.keras` file; None for other networks."""
        return self.name.removeprefix(EXTERNAL) if self.name.startswith(EXTERNAL) else None


@functools.lru_cache
def parse(spec: str) -> Spec:
    """Parse the spelling of a comparator.

    Whether a network of `keras.applications` or a file exists and has the layers is not checked
    here. The path of a file may hold colons: layers are what follows the last one.

    Args:
        spec: `NAME:LAYER`, or several layers with `+` between them.

    Raises:
        InputError: If it is spelled otherwise, or there is no such comparator or layer.
    """
    name, colon, layers = spec.rpartition(":")
    if not colon or (spec.startswith(KERAS) and spec.count(":") == 1):
        name, layers = spec, ""
    if spec.startswith(EXTERNAL) and not name.endswith(".keras"):
        raise InputError(
            "an external comparator is a .keras file and its layers",
            got=repr(spec),
            accepted=f"{EXTERNAL}FILE.keras:LAYER or {EXTERNAL}FILE.keras:LAYER+LAYER",
        )
    check_network(name, spec)
    layer_names = tuple(layers.split("+"))
    accepted = ARCHITECTURES[name].layer_names if name in ARCHITECTURES else None
    if "" in layer_names or (accepted and not set(layer_names) <= set(accepted)):
        raise InputError(
            f"{name} needs its layers as {name}:LAYER or {name}:LAYER+LAYER",
            got=repr(spec),
            accepted=", ".join(accepted) if accepted else "names of layers of that network",
        )
    if len(set(layer_names)) < len(layer_names):
        raise InputError("each layer counts once", got=repr(spec), accepted="different layers")
    return Spec(name, layer_names)


def check_network(name: str, spec: str | None = None) -> None:
    """Check that there is a comparator of some name.

    Args:
        name: Name of the comparator, without its layers.
        spec: The whole spelling, for the error; None for `name`.

    Raises:
        InputError: If there is none.
    """
    has_prefix = any(name.startswith(x) and len(name) > len(x) for x in (KERAS, EXTERNAL))
    if name not in ARCHITECTURES and not has_prefix:
        raise InputError(
            "unknown comparator",
            got=repr(name if spec is None else spec),
            accepted=", ".join(f"{spelling}:LAYER" for spelling in SPELLINGS),
        )


def layer_weights(text: str | None, layers: Sequence[str]) -> tuple[float, ...]:
    """Parse the weight of each layer in the feature loss.

    Args:
        text: Numbers with commas between them; None for 1 each.
        layers: Names of the comparator's layers.

    Raises:
        InputError: If these are no numbers from 1e-12 to 1e12, or not as many as there are layers.
    """
    if text is None:
        return (1.0,) * len(layers)
    try:
        weights = tuple(float(part) for part in text.split(","))
    except ValueError:
        weights = ()
    if len(weights) != len(layers) or not all(map(in_proportion, weights)):
        raise InputError(
            "--layer-weights gives a number from 1e-12 to 1e12 for each layer",
            got=f"{text} for {'+'.join(layers)}",
            accepted=",".join("1" for _ in layers),
        )
    return weights
