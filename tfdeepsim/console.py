"""The terminal, on which all text is printed as it is."""

from typing import Any

import rich.console


class PlainConsole(rich.console.Console):
    """A console that reads no markup, emoji or numbers in text, which may be the name of a class or
    a file: `odd [/x]` is printed as `odd [/x]`.

    Args:
        **options: Other options of `rich.console.Console`, such as `file` and `width`.

    Example:
        >>> PlainConsole().print("apple [red]")
        apple [red]
    """

    def __init__(self, **options: Any):
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def on_broken_pipe(self) -> None:
        """Leave it to the command to end, with the exit code of a broken pipe."""
        raise BrokenPipeError
