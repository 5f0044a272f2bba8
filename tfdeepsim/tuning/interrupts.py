"""Ctrl-C, delayed until a point where no work is lost."""

import signal
import threading
from types import FrameType, TracebackType


class Interrupts:
    """A context that records Ctrl-C, and raises it when `check` is called or the context ends.

    Python would raise KeyboardInterrupt wherever the program happens to be: in callbacks of C code,
    which drop it or turn it into another error, or while a trial is handed over. A second Ctrl-C
    acts at once. Outside the main thread, and where the program already handles Ctrl-C in another
    way, the context does nothing.

    Example:
        >>> with Interrupts() as interrupts:
        ...     for trial in trials:
        ...         interrupts.check()
        ...         run(trial)
    """

    def __init__(self) -> None:
        self._pressed = False
        self._installed = False

    def __enter__(self) -> "Interrupts":
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._record)
            self._installed = True
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
        """Raise KeyboardInterrupt if Ctrl-C was pressed since the context began."""
        if self._pressed:
            raise KeyboardInterrupt

    def _record(self, number: int, frame: FrameType | None) -> None:
        self._pressed = True
        self._restore()

    def _restore(self) -> None:
        if self._installed:
            self._installed = False
            signal.signal(signal.SIGINT, signal.default_int_handler)
