"""Progress of long work in the terminal: one bar for all of it."""

import sys
import time
from types import TracebackType

import rich.console
import rich.progress

PATIENCE = 1.0
"""Seconds for which nothing is shown: short work needs no bar."""


class ProgressBar:
    """A bar on standard error where that is a terminal; elsewhere one line that says what is being
    done.

    Nothing is shown of work that is done within a second.

    Args:
        what: What is being done, e.g. `Decoding images`.
        total: Units of work in all; None where that is not known.
        unit: `items` for a count, `bytes` for sizes and speeds of transfers.
        console: Where to; standard error by default.

    Example:
        >>> with ProgressBar("Decoding images", len(files)) as bar:
        ...     for number, file in enumerate(files, 1):
        ...         decode(file)
        ...         bar.update(number)
    """

    def __init__(
        self,
        what: str,
        total: float | None,
        *,
        unit: str = "items",
        console: rich.console.Console | None = None,
    ):
        self._what = what
        self._console = console or rich.console.Console(file=sys.stderr)
        done: tuple[rich.progress.ProgressColumn, ...] = (rich.progress.MofNCompleteColumn(),)
        if unit == "bytes":
            done = (rich.progress.DownloadColumn(), rich.progress.TransferSpeedColumn())
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}", markup=False),
            rich.progress.BarColumn(),
            *done,
            rich.progress.TimeRemainingColumn(),
            rich.progress.TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(what, total=total, note="")
        self._begin = time.monotonic()
        self._shown = False

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def update(self, completed: float, total: float | None = None, note: str | None = None) -> None:
        """Say how far the work is.

        Args:
            completed: Units done, counted from the start.
            total: Units in all, where that is known only now.
            note: A few words behind the bar.
        """
        if not self._shown and time.monotonic() - self._begin > PATIENCE:
            self._shown = True
            self._bar.start()
            if not self._console.is_terminal:
                print(self._what, file=sys.stderr)
        changes = {
            name: value
            for name, value in {"total": total, "note": note}.items()
            if value is not None
        }
        self._bar.update(self._task, completed=completed, **changes)  # type: ignore[arg-type]
