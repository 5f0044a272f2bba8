"""`--precision auto`: the command chooses, and runs record what it chose."""

import sys
from typing import Any

from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import CHOICES
from tfdeepsim.console import PlainConsole
from tfdeepsim.errors import InputError

AUTO = "auto"


def take_auto(arguments: dict[str, Any]) -> bool:
    """Remove `--precision auto` from arguments; whether it was there.

    Raises:
        InputError: If several workers would have to agree on it.
    """
    if arguments.get("precision") != AUTO:
        return False
    if arguments.get("strategy") == "multiworker":
        raise InputError(
            "all workers of a run train in one precision",
            got="--precision auto",
            accepted=", ".join(CHOICES["precision"]),
        )
    del arguments["precision"]
    return True


def announced_precision() -> str:
    """The precision that this machine trains in fastest, after printing it and the reason."""
    from tfdeepsim.training.fastest_precision import fastest_precision

    precision, reason = fastest_precision()
    PlainConsole().print(f"precision {precision}: {reason}", soft_wrap=True)
    return precision


def warn_of_slow_precision(config: TrainConfig) -> None:
    """Print a warning if bfloat16 is asked for on a processor that is slower in it."""
    # Several workers have to meet before TensorFlow computes anything.
    if config.precision != "mixed_bfloat16" or config.strategy == "multiworker":
        return
    from tfdeepsim.training.fastest_precision import bfloat16_gain, gpu_capabilities

    if not gpu_capabilities() and (gain := bfloat16_gain()) < 1.0:
        print(
            f"warning: bfloat16 takes {1 / gain:.1f} times as long as float32 on this processor",
            file=sys.stderr,
        )
