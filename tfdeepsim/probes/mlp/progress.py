"""A line that shows how far the training of a suite is."""

from types import TracebackType

import rich.progress


class SuiteProgress:
    """A progress bar over epochs that says how many members still train.

    Args:
        epochs: Most epochs there may be.
        members: How many members begin.
        shown: False keeps quiet.
    """

    def __init__(self, epochs: int, members: int, shown: bool):
        self._members = members
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("probes"),
            rich.progress.BarColumn(),
            rich.progress.TextColumn("epoch {task.completed}/{task.total}  {task.description}"),
            rich.progress.TimeElapsedColumn(),
            disable=not shown,
        )
        self._task = self._bar.add_task(self._going(members), total=epochs)

    def __enter__(self) -> "SuiteProgress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def update(self, epoch: int, going: int) -> None:
        """After epoch `epoch`, `going` members still train."""
        self._bar.update(self._task, completed=epoch, description=self._going(going))

    def _going(self, going: int) -> str:
        return f"{going} of {self._members} members still train"
