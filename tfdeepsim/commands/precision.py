"""`--precision auto`: the command chooses, and runs record what it chose."""

import os
import sys
from pathlib import Path
from typing import Any

from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import CHOICES
from tfdeepsim.console import PlainConsole
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory

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


def announced_precision(folder: str | os.PathLike | None = None) -> str:
    """The precision that this machine trains in fastest, after printing it and the reason.

    Args:
        folder: Folder of the runs of a study or recipe, if the precision is for these: where one of
            them has begun, all others have its precision.
    """
    precision, reason = _precision_of_runs(folder) if folder else None, f"of the runs in {folder}"
    if precision is None:
        from tfdeepsim.training.fastest_precision import fastest_precision

        precision, reason = fastest_precision()
    PlainConsole().print(f"precision {precision}: {reason}", soft_wrap=True)
    return precision


def _precision_of_runs(folder: str | os.PathLike) -> str | None:
    """Precision of the first run of a study in the folder, or in a folder in it."""
    for pattern in ("*-seed*", "*/*-seed*"):
        for path in sorted(Path(folder).glob(f"{pattern}/config.json")):
            return TrainConfig.from_dict(RunDirectory(path.parent).read_config()).precision
    return None


def warn_of_slow_precision(precision: str | None, strategy: str | None = None) -> None:
    """Print a warning if bfloat16 is asked for on a processor that is slower in it.

    Args:
        precision: Value of `--precision`; None if it is not given.
        strategy: Value of `--strategy`.
    """
    # Several workers have to meet before TensorFlow computes anything.
    if precision != "mixed_bfloat16" or strategy == "multiworker":
        return
    from tfdeepsim.training.fastest_precision import LEAST_GAIN, bfloat16_gain, gpu_capabilities

    if not gpu_capabilities() and (gain := bfloat16_gain()) <= 1 / LEAST_GAIN:
        print(
            f"warning: bfloat16 takes {1 / gain:.1f} times as long as float32 on this processor",
            file=sys.stderr,
        )
