"""What comes before the making of LLv2: a clean place, with room, and word of what it takes."""

import shutil
import sys
from pathlib import Path

from tfdeepsim.data.llv2.size import Size
from tfdeepsim.data.llv2.workers import default_count
from tfdeepsim.errors import InputError

_FRAME_BYTES = 1100
"""Of a frame on disk, about."""

_FRAME_SECONDS, _STEP_SECONDS = 2.2e-3, 0.18e-3
"""Of one core, about: to draw and write a frame, and to simulate a step."""


def bytes_needed(size: Size) -> int:
    """What the dataset takes on disk, about."""
    return sum(size.splits.values()) * _FRAME_BYTES


def seconds_needed(size: Size) -> float:
    """What making the dataset takes on this machine, about."""
    rollout = size.frames * _FRAME_SECONDS + size.steps * _STEP_SECONDS
    return 3 * size.rollouts * rollout / default_count()


def announce(folder: Path, size: Size) -> None:
    """Say what will be made, where, and how long it takes."""
    minutes = max(1, round(seconds_needed(size) / 60))
    print(
        f"Simulating LLv2: {3 * size.rollouts:,} rollouts, {sum(size.splits.values()):,} frames, about "
        f"{minutes} min and {bytes_needed(size) / 1e6:,.0f} MB, into {folder}",
        file=sys.stderr,
    )


def check_room(folder: Path, size: Size) -> None:
    """Check that the disk can take the dataset.

    Raises:
        InputError: If it cannot.
    """
    free = shutil.disk_usage(folder.parent).free
    if free < bytes_needed(size):
        raise InputError(
            "the disk must have room for the dataset",
            got=f"{free / 1e6:,.0f} MB free at {folder.parent}",
            accepted=f"{bytes_needed(size) / 1e6:,.0f} MB or more, or another data folder",
        )


def sweep(folder: Path) -> None:
    """Remove what processes that were killed while making this dataset left beside it."""
    for leftover in folder.parent.glob(f"incomplete.*_{folder.name}"):
        shutil.rmtree(leftover)
