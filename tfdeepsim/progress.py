"""One progress bar for all long work, on standard error."""

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TypeVar

import rich.console
import rich.progress

from tfdeepsim.console import PlainConsole

Item = TypeVar("Item")

PATIENCE = 1.0
"""Seconds before anything is shown: short work needs no bar."""


class ProgressBar:
    """A progress bar in a terminal; elsewhere one line that says what is being done.

    Nothing is shown for work that ends within a second. The bar disappears when the work ends.

    Args:
        what: What is being done, e.g. `Decoding images`.
        total: Number of units of work; None if unknown.
        unit: `items` for a count; `bytes` for sizes and the speed of a transfer.
        console: Console that the bar is shown in; None for standard error.
        shown: Whether anything is shown at all.

    Example:
        >>> with ProgressBar("Decoding images", len(files)) as bar:
        ...     for file in files:
        ...         decode(file)
        ...         bar.advance()
    """

    def __init__(
        self,
        what: str,
        total: float | None,
        *,
        unit: str = "items",
        console: rich.console.Console | None = None,
        shown: bool = True,
    ):
        self._what = what
        self._console = console or PlainConsole(stderr=True)
        amount: tuple[rich.progress.ProgressColumn, ...] = (rich.progress.MofNCompleteColumn(),)
        if unit == "bytes":
            amount = (rich.progress.DownloadColumn(), rich.progress.TransferSpeedColumn())
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}", markup=False),
            rich.progress.BarColumn(),
            *amount,
            rich.progress.TimeRemainingColumn(),
            rich.progress.TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(what, total=total, note="")
        self._begin = time.monotonic()
        self._silent = not shown

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def track(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield `items`, each of which is one unit of work, and end the bar after the last."""
        with self:
            for item in items:
                yield item
                self.advance()

    def advance(self, amount: float = 1) -> None:
        """Add `amount` units to those that are completed."""
        self.update(self._bar.tasks[self._task].completed + amount)

    def update(self, completed: float, total: float | None = None, note: str | None = None) -> None:
        """Show how far the work is.

        Args:
            completed: Units that are completed, counted from the start.
            total: Number of units in all; None to leave it as it is.
            note: A few words behind the bar; None to leave them as they are.
        """
        task = self._bar.tasks[self._task]
        self._bar.update(
            self._task,
            completed=completed,
            total=task.total if total is None else total,
            note=task.fields["note"] if note is None else note,
        )
        if not self._silent and time.monotonic() - self._begin > PATIENCE:
            self._silent = True
            self._bar.start()
            if not self._console.is_terminal:
                self._console.print(self._what, soft_wrap=True)
