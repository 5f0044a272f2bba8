"""Several processes, also on several machines, that do the runs of one folder together.

There is no server: each process takes the next run that no other has, by a lock beside the run. The
lock of a process that was killed is free again.
"""

import time
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import rich.console

from tfdeepsim.console import PlainConsole
from tfdeepsim.lock import claimed

Key = TypeVar("Key", bound=Hashable)
POLL_SECONDS = 2.0


def in_turn(runs: Mapping[Key, Path], console: rich.console.Console | None = None) -> Iterator[Key]:
    """Name each run once no other process is doing it, and keep other processes from it meanwhile.

    Runs that another process is doing come last, when that process is done with them or was killed;
    so each run must be left as it is if it is finished. When the last one was named, all of them
    are finished.

    Args:
        runs: Folder of each run by its name; the folders need not exist.
        console: Console for the line that says what is waited for; None for standard output.

    Yields:
        The names, those of free runs first.

    Example:
        >>> for name in in_turn({"pixel": Path("runs/pixel"), "l1": Path("runs/l1")}):
        ...     train_unless_finished(name)
    """
    console = console or PlainConsole()
    waiting = False
    left = list(runs)
    while left:
        taken = []
        for name in left:
            with claimed(runs[name]) as is_mine:
                if is_mine:
                    waiting = False
                    yield name
                else:
                    taken.append(name)
        if taken == left:
            if not waiting:
                paths = ", ".join(str(runs[name]) for name in taken)
                console.print(
                    f"waiting for other processes, which do {paths}",
                    soft_wrap=True,
                )
            waiting = True
            time.sleep(POLL_SECONDS)
        left = taken
