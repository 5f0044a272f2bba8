"""Word of a long pass over files, on stderr."""

import sys
import time
from types import TracebackType

import rich.console
import rich.progress

_PATIENCE = 1.0
"""Seconds without a word."""


class Progress:
    """A bar where there is a terminal, elsewhere a line; neither if it is done within a second.

    Args:
        what: What is being done, e.g. `Decoding 1,000 images`.
        total: Number of steps.
    """

    def __init__(self, what: str, total: int):
        self._what = what
        self._console = rich.console.Console(stderr=True)
        self._bar = rich.progress.Progress(
            console=self._console, transient=True, disable=not self._console.is_terminal
        )
        self._task = self._bar.add_task(what, total=total)
        self._begin = time.monotonic()
        self._said = False

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def done(self, count: int) -> None:
        """Say that `count` steps are done, counted from the start."""
        if not self._said and time.monotonic() - self._begin > _PATIENCE:
            self._said = True
            self._bar.start()
            if not self._console.is_terminal:
                print(self._what, file=sys.stderr)
        self._bar.update(self._task, completed=count)
