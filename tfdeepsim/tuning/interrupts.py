"""Ctrl-C, taken where nothing is lost by it."""

import signal
import threading
from types import FrameType, TracebackType


class Interrupts:
    """A context in which Ctrl-C is noted, and raised by `check`, or at the end.

    Python would raise it wherever it arrives: inside callbacks of C code, which drop it or turn it
    into another error, or while a trial is handed over. A second press acts at once. Elsewhere than
    in the main thread, and where Ctrl-C already does something of its own, the context does
    nothing.
    """

    def __init__(self) -> None:
        self._asked = False
        self._ours = False

    def __enter__(self) -> "Interrupts":
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._note)
            self._ours = True
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
        """Raises KeyboardInterrupt if Ctrl-C was pressed since the context began."""
        if self._asked:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        self._restore()

    def _restore(self) -> None:
        if self._ours:
            self._ours = False
            signal.signal(signal.SIGINT, signal.default_int_handler)
