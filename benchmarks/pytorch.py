"""The ways to run a training step in PyTorch on a processor, of which the fastest counts."""

import contextlib
import dataclasses
import statistics
from collections.abc import Callable, Iterable, Mapping
from typing import Any

BATCH = 64


@dataclasses.dataclass(frozen=True)
class Variant:
    """How PyTorch runs a step.

    Attributes:
        channels_last: Whether weights and images have the channels last in memory.
        compiled: Whether `torch.compile` compiles forward and backward pass.
        bfloat16: Whether `torch.autocast` computes in bfloat16.
    """

    channels_last: bool = False
    compiled: bool = False
    bfloat16: bool = False

    @property
    def name(self) -> str:
        parts = ["PyTorch", "compiled" if self.compiled else "eager"]
        parts += ["channels_last"] * self.channels_last + ["bfloat16"] * self.bfloat16
        return " ".join(parts)

    def arranged(self, value: Any) -> Any:
        """A module or images in the order of this variant."""
        import torch

        if not self.channels_last:
            return value
        is_module = isinstance(value, torch.nn.Module)
        arrange = value.to if is_module else value.contiguous
        return arrange(memory_format=torch.channels_last)

    def function(self, function: Callable) -> Callable:
        """A function of a forward pass as this variant computes it."""
        import torch

        cast = contextlib.nullcontext()
        if self.bfloat16:
            cast = torch.autocast("cpu", torch.bfloat16)

        def computed(*arguments: Any) -> Any:
            with cast:
                return function(*arguments)

        return torch.compile(computed) if self.compiled else computed


def variants(bfloat16: bool) -> list[Variant]:
    """All variants of float32, and those of bfloat16 if asked for."""
    orders = [(order, compiled) for order in (False, True) for compiled in (False, True)]
    precisions = (False, True) if bfloat16 else (False,)
    return [Variant(*order, bfloat16=precision) for precision in precisions for order in orders]


def print_table(seconds: Mapping[str, Iterable[float]]) -> dict[str, float]:
    """Print images per second, and how many times as fast a row is as the fastest PyTorch of its
    precision.

    Args:
        seconds: Seconds of a step in each round, by name; names of bfloat16 end with it.

    Returns:
        The median by name.
    """
    median = {name: statistics.median(values) for name, values in seconds.items()}
    fastest = {}
    for is_half in (False, True):
        of_precision = {
            value: name
            for name, value in median.items()
            if name.startswith("PyTorch") and name.endswith("bfloat16") == is_half
        }
        fastest[is_half] = of_precision and min(of_precision)
    print(f"{'':40}{'images/s':>10}{'against the fastest PyTorch':>30}")
    for name, value in median.items():
        best = fastest[name.endswith("bfloat16")]
        print(f"{name:40}{BATCH / value:10.0f}{f'{best / value:.2f}' if best else '':>30}")
    return median
