"""Ctrl-C and SIGTERM during training, which wait for the end of the step."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StepInterrupt:
    """A context in which a signal is kept until the state of the run has been saved.

    A signal is kept only while `waits` is true, and only the first one: a second one acts at once.
    Signals that Python does not handle stay as they are, and so do all of them in other threads
    than the main one, which gets no signals.

    Attributes:
        waits: Whether signals are to be kept.

    Example:
        >>> with StepInterrupt() as interrupt:
        ...     interrupt.waits = True
        ...     take_step()
        ...     if interrupt.is_pending:
        ...         save()
        ...         interrupt.act()
    """

    def __init__(self) -> None:
        self.waits = False
        self._handlers: dict[int, Any] = {}
        self._pending: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> "StepInterrupt":
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in SIGNALS}
            self._handlers = {n: handler for n, handler in handlers.items() if callable(handler)}
            for number in self._handlers:
                signal.signal(number, self._keep)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self.waits = False
        if kind is None:
            self.act()

    @property
    def is_pending(self) -> bool:
        """Whether there is a signal to act on."""
        return self._pending is not None

    def act(self) -> None:
        """Do what the kept signal asks for, if there is one: raise `KeyboardInterrupt`, mostly."""
        if self._pending is not None:
            (number, frame), self._pending = self._pending, None
            self._handlers[number](number, frame)

    def _keep(self, number: int, frame: FrameType | None) -> None:
        if self.waits and self._pending is None:
            self._pending = (number, frame)
        else:
            self._handlers[number](number, frame)
