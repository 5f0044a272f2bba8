"""Common code of all commands: quiet start of TensorFlow, one-line errors, and exit codes."""

import argparse
import contextlib
import errno
import io
import os
import re
import signal
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from tfdeepsim.errors import InputError
from tfdeepsim.files import home_path
from tfdeepsim.keras_settings import check_backend, pin
from tfdeepsim.lock import NO_LOCK

DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
AFTER_DISK_FULL = (
    "free some space and give the same command again; a run of train.py that has begun needs "
    "--resume"
)


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command like Ctrl-C."""


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Breaks the help of a flag between words only."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(
            " ".join(text.split()), width, break_on_hyphens=False, break_long_words=False
        )


class Parser(argparse.ArgumentParser):
    """Reports a wrong argument in one line, and refuses abbreviated flags."""

    def __init__(self, **kwargs: Any):
        super().__init__(allow_abbrev=False, formatter_class=HelpFormatter, **kwargs)
        self.add_argument(
            "--no-lock",
            action=_NoLock,
            help="Do without locks, on a file system that has none; no other process may use the "
            "same files",
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        # A shell replaces ~ where it begins a word, but not in --run-dir=~/runs.
        words = sys.argv[1:] if args is None else args
        return super().parse_known_args([_at_home(word) for word in words], namespace)

    def error(self, message: str) -> NoReturn:
        sys.exit(_fail(f"{message}; see --help"))


class _NoLock(argparse.Action):
    """Turns locks off until the command ends, also in the processes that it starts."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any):
        super().__init__(
            option_strings, dest, **options | {"nargs": 0, "default": argparse.SUPPRESS}
        )

    def __call__(self, *arguments: Any) -> None:
        os.environ[NO_LOCK] = "1"


def run_command(body: Callable[[Sequence[str]], int | None], argv: Sequence[str] | None) -> int:
    """Run a command, and report errors that a user can cause in one line on standard error.

    Args:
        body: Function of the arguments that returns an exit code, or None for 0.
        argv: Arguments of the command line; None for those of the process.

    Returns:
        Exit code: 2 for bad input or a full disk, 130 after Ctrl-C, 143 after SIGTERM, 141 if the
        reader of the output is gone.
    """
    # To be set before TensorFlow is imported. Its notes at the start are not for users. Without
    # AVX-512 it turns the convolutions of oneDNN off, which are faster there too.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # Otherwise TensorFlow takes all memory of all GPUs at once.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    had_no_lock = NO_LOCK in os.environ
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _report_unraisable
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _report_exception
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows fewer characters than a name has gets their numbers.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with _sigterm_like_ctrl_c(), _flushed_output():
            return body(sys.argv[1:] if argv is None else argv) or 0
    except InputError as error:
        return _fail(str(error))
    except KeyboardInterrupt as interrupt:
        print(f"\n{str(interrupt) or 'interrupted'}", file=sys.stderr)
        return 143 if isinstance(interrupt, Terminated) else 130
    except BrokenPipeError:
        # The reader of the output has ended, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.errno in DISK_FULL:
            file = error.filename or error
            return _fail(f"disk full while writing: {file}; {AFTER_DISK_FULL}")
        if error.errno is None:
            raise
        return _fail(f"{error.strerror}: {error.filename or error}")
    except Exception as error:
        # The file writers of TensorFlow report a full disk in their text only.
        if "No space left on device" in str(error):
            return _fail(f"disk full while writing; {AFTER_DISK_FULL}")
        raise
    finally:
        if not had_no_lock:
            os.environ.pop(NO_LOCK, None)


def import_tensorflow() -> None:
    """Import TensorFlow and Keras, with the settings that this package relies on.

    Their notes on standard error are not for users, and are shown only if the import fails.

    Raises:
        InputError: If Keras is set to another backend.
    """
    check_backend()
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            import keras  # noqa: F401
            import tensorflow  # noqa: F401
        except BaseException:
            notes.seek(0)
            os.write(stderr, notes.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    pin()


@contextlib.contextmanager
def _flushed_output() -> Iterator[None]:
    """A context at whose end all output is written, so that a reader that is gone is noticed."""
    try:
        yield
    finally:
        sys.stdout.flush()


@contextlib.contextmanager
def _sigterm_like_ctrl_c() -> Iterator[None]:
    """A context in which SIGTERM, which batch systems send before they kill, raises
    `Terminated`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def terminate(number: int, frame: Any) -> NoReturn:
    """Handler of SIGTERM while a command runs."""
    raise Terminated("terminated")


def _at_home(word: str) -> str:
    """A word of a command line whose path begins with ~, with the user's home folder."""
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            "arguments are UTF-8, which TensorFlow needs for paths",
            got=os.fsencode(word),
            accepted="a folder or file of another name",
        ) from error
    if found := re.fullmatch(r"(--[\w-]+=|)(~.*)", word, re.DOTALL):
        return f"{found[1]}{home_path(found[2])}"
    return word


def _report_exception(kind: Any, error: BaseException, trace: Any) -> None:
    """Keep quiet about files that cannot be closed on a full disk, since the error that ends the
    command says it. Destructors of h5py report that here and as what they could not raise."""
    if getattr(error, "errno", None) not in DISK_FULL:
        sys.__excepthook__(kind, error, trace)


def _report_unraisable(ignored: Any) -> None:
    """The same for what could not be raised."""
    if getattr(ignored.exc_value, "errno", None) not in DISK_FULL:
        sys.__unraisablehook__(ignored)


def _fail(message: str) -> int:
    print(f"error: {message}".replace("\n", " "), file=sys.stderr)
    return 2
