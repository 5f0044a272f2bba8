"""How a comparator is spelled: `NAME:LAYER`, or `NAME:LAYER+LAYER+...` for several layers at
once."""

import dataclasses
import math
from collections.abc import Sequence

from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.chains.architecture import Architecture
from tfdeepsim.comparators.chains.caffe_alexnet import CAFFE_ALEXNET, VIDEONET
from tfdeepsim.comparators.chains.exemplar_cnn import EXEMPLAR_CNN
from tfdeepsim.errors import InputError

ARCHITECTURES: dict[str, Architecture] = {
    "alexnet": ALEXNET,
    "random_alexnet": ALEXNET,
    "caffe_alexnet": CAFFE_ALEXNET,
    "videonet": VIDEONET,
    "exemplar_cnn": EXEMPLAR_CNN,
}
KERAS = "keras:"
"""Before the name of a network of `keras.applications`."""

SPELLINGS = (*ARCHITECTURES, f"{KERAS}MODEL")


@dataclasses.dataclass(frozen=True)
class Spec:
    """A comparator and the layers that it is asked for.

    Attributes:
        name: One of `ARCHITECTURES`, or `keras:MODEL`.
        layers: Each once.
    """

    name: str
    layers: tuple[str, ...]

    @property
    def keras_model(self) -> str | None:
        """The name of a network of `keras.applications`, if it is one."""
        return self.name.removeprefix(KERAS) if self.name.startswith(KERAS) else None


def parse(spec: str) -> Spec:
    """Read what a user spelled; the layers of a `keras.applications` network are not looked up yet.

    Raises:
        InputError: If it is spelled otherwise, or there is no such comparator or layer.
    """
    name, colon, layers = spec.rpartition(":")
    if not colon or (spec.startswith(KERAS) and spec.count(":") == 1):
        name, layers = spec, ""
    check_network(name, spec)
    named = tuple(layers.split("+"))
    known = ARCHITECTURES[name].layer_names if name in ARCHITECTURES else None
    unknown = (
        [layer for layer in named if layer not in known] if known else [x for x in named if not x]
    )
    if unknown:
        raise InputError(
            f"{name} needs its layers as {name}:LAYER or {name}:LAYER+LAYER",
            got=repr(spec),
            accepted=", ".join(known) if known else "names of layers of that network",
        )
    if len(set(named)) < len(named):
        raise InputError("each layer counts once", got=repr(spec), accepted="different layers")
    return Spec(name, named)


def check_network(name: str, spec: str | None = None) -> None:
    """Raises InputError if no comparator is called `name`; `spec` is what the user spelled."""
    if name not in ARCHITECTURES and not (name.startswith(KERAS) and len(name) > len(KERAS)):
        raise InputError(
            "unknown comparator",
            got=repr(name if spec is None else spec),
            accepted=", ".join(f"{known}:LAYER" for known in SPELLINGS),
        )


def layer_weights(text: str | None, layers: Sequence[str]) -> tuple[float, ...]:
    """The weight of each layer in the feature loss.

    Args:
        text: Numbers with commas between them; None for 1 each.
        layers: Of the comparator.

    Raises:
        InputError: If they are no numbers above 0, or not as many as layers.
    """
    if text is None:
        return (1.0,) * len(layers)
    try:
        weights = tuple(float(part) for part in text.split(","))
    except ValueError:
        weights = ()
    if len(weights) != len(layers) or not all(0 < weight < math.inf for weight in weights):
        raise InputError(
            "--layer-weights gives a number above 0 for each layer",
            got=f"{text} for {'+'.join(layers)}",
            accepted=",".join("1" for _ in layers),
        )
    return weights
