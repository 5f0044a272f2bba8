"""What comes before the simulation of LLv2: its cost, an announcement, and space on the disk."""

import shutil
import sys
from pathlib import Path

from tfdeepsim.data.llv2.size import Size
from tfdeepsim.data.llv2.workers import default_count
from tfdeepsim.errors import InputError

_FRAME_BYTES = 1100
"""Approximate size of a frame on disk."""

_FRAME_SECONDS, _STEP_SECONDS = 2.2e-3, 0.18e-3
"""Approximate times on one core: to draw and write a frame, and to simulate a step."""


def bytes_needed(size: Size) -> int:
    """Approximate size of the dataset on disk."""
    return sum(size.splits.values()) * _FRAME_BYTES


def seconds_needed(size: Size) -> float:
    """Approximate time that the simulation takes on this machine."""
    rollout = size.frames * _FRAME_SECONDS + size.steps * _STEP_SECONDS
    return 3 * size.rollouts * rollout / default_count()


def announce(folder: Path, size: Size) -> None:
    """Print to standard error what will be simulated, where, and how long it takes."""
    minutes = max(1, round(seconds_needed(size) / 60))
    print(
        f"Simulating LLv2: {3 * size.rollouts:,} rollouts, {sum(size.splits.values()):,} frames, "
        f"about {minutes} min and {bytes_needed(size) / 1e6:,.0f} MB, into {folder}",
        file=sys.stderr,
    )


def check_room(folder: Path, size: Size) -> None:
    """Check that the disk has room for the dataset.

    Raises:
        InputError: If it has not.
    """
    free = shutil.disk_usage(folder.parent).free
    if free < bytes_needed(size):
        raise InputError(
            "the disk must have room for the dataset",
            got=f"{free / 1e6:,.0f} MB free at {folder.parent}",
            accepted=f"{bytes_needed(size) / 1e6:,.0f} MB or more, or another data folder",
        )


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left beside the folder while they were writing the dataset."""
    for leftover in folder.parent.glob(f"incomplete.*_{folder.name}"):
        shutil.rmtree(leftover)
