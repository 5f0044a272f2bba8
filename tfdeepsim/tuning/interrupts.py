"""Ctrl-C and SIGTERM, delayed until a point where no work is lost."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from tfdeepsim.command_line import Terminated, terminate

HANDLERS: dict[int, Callable[..., Any]] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: terminate,
}
"""Signals that a command ends at, and the handlers that raise them."""


class Interrupts:
    """A context that records Ctrl-C and SIGTERM, and raises them when `check` is called or the
    context ends.

    Python would raise KeyboardInterrupt wherever the program happens to be: in callbacks of C code,
    which drop it or turn it into another error, or while a trial is handed over. A second signal
    acts at once. Outside the main thread, and where the program already handles a signal in another
    way, the context does nothing.

    Example:
        >>> with Interrupts() as interrupts:
        ...     for trial in trials:
        ...         interrupts.check()
        ...         run(trial)
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._installed: list[int] = []

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            self._installed = [
                n for n, handler in HANDLERS.items() if signal.getsignal(n) is handler
            ]
        for number in self._installed:
            signal.signal(number, self._record)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()
        if error is None:
            self.check()

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed, or SIGTERM received, since the context
        began."""
        if self._received == signal.SIGTERM:
            raise Terminated("terminated")
        if self._received is not None:
            raise KeyboardInterrupt

    def _record(self, number: int, frame: FrameType | None) -> None:
        self._received = number
        self._restore()

    def _restore(self) -> None:
        for number in self._installed:
            signal.signal(number, HANDLERS[number])
        self._installed = []
