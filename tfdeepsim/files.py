"""Files: written completely or not at all, read with a one-line error, and hashed."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from tfdeepsim.errors import InputError

TEMPORARY = ".part"
"""End of the names of the hidden folders in which `replacing` has its new files."""
OLD = "old"
"""Name in such a folder of the folder that is being replaced."""


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Write a file or a folder completely, or not at all.

    Yields the path of a temporary sibling of `path`, which does not exist yet; the caller creates a
    file or a folder there. If the block succeeds, that file or folder takes the place of `path`; if
    the block fails or is interrupted, it is removed and `path` stays as it was.

    Args:
        path: The final path. Its parent folder is created.

    Example:
        >>> with replacing("notes.txt") as new:
        ...     new.write_text("all of it")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY
    ) as holder:
        new = Path(holder, path.name)
        yield new
        if new.is_file():
            with open(new, "rb") as file:
                os.fsync(file.fileno())
        if path.is_dir() and not path.is_symlink():
            path.rename(Path(holder, OLD))
        os.replace(new, path)


def sweep(folder: Path, spare: Collection[str] = ()) -> None:
    """Remove what processes that were killed left of `replacing`, in a folder and those below it.

    A replacement that was complete when its process was killed takes its place.

    Args:
        folder: A folder without symbolic links that no other process writes to.
        spare: Names of folders in it that are left as they are.
    """
    for parent, names, _ in os.walk(folder):
        at_top = Path(parent) == folder
        for name in list(names):
            holder = Path(parent, name)
            if name.startswith(".") and name.endswith(TEMPORARY):
                _finish_replacing(holder)
                names.remove(name)
            elif at_top and name in spare:
                names.remove(name)


def _finish_replacing(holder: Path) -> None:
    if (holder / OLD).exists():
        for new in holder.iterdir():
            target = holder.parent / new.name
            if new.name != OLD and not target.exists():
                os.replace(new, target)
    shutil.rmtree(holder)


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write a JSON value to a file, completely or not at all."""
    with replacing(path) as new:
        new.write_text(json.dumps(value, indent=2) + "\n")


def read_json(path: str | os.PathLike, rule: str = "", accepted: str = "") -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: The file.
        rule: What must hold, for the message of the error; by default that the file is a readable
            JSON object.
        accepted: What would be accepted, for the message of the error.

    Raises:
        InputError: If the file does not exist, cannot be read, or holds something else than a JSON
            object.
    """
    path = Path(path)
    try:
        value = json.loads(path.read_text())
        if not isinstance(value, dict):
            raise ValueError("no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            rule or f"{path.name} must be a readable JSON object",
            got=f"{path} ({error})",
            accepted=accepted or "the file as tfdeepsim wrote it",
        ) from error
    return value


def home_path(path: str | os.PathLike) -> Path:
    """A path in which `~` and `~NAME` stand for the home folders of users.

    Raises:
        InputError: If there is no such user.

    Example:
        >>> folder = home_path("~/photos")
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(
            "~ is followed by the name of a user or by a slash",
            got=str(path),
            accepted="a path such as ~/photos; or ./~NAME, if it is the name of a folder here",
        ) from error


def sha256_of(path: str | os.PathLike) -> str:
    """SHA-256 of a file, or of all files of a folder and their names, in hexadecimal."""
    path = Path(path)
    if not path.is_dir():
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for inner in sorted(inner for inner in path.rglob("*") if inner.is_file()):
        digest.update(inner.relative_to(path).as_posix().encode())
        digest.update(bytes.fromhex(sha256_of(inner)))
    return digest.hexdigest()


def sha256_of_json(value: Any) -> str:
    """SHA-256 of a JSON value in hexadecimal; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def slug(name: str) -> str:
    """The name of a dataset or probe as a file name: `llv2/small` becomes `llv2-small`."""
    return "".join(
        character if character.isalnum() or character in "._" else "-" for character in name
    )


def spreadsheet_cell(value: Any) -> Any:
    """A value for a CSV file that no spreadsheet takes for a formula: text that begins like one
    gets an apostrophe in front.

    Example:
        >>> spreadsheet_cell("=1+1"), spreadsheet_cell("-0.5 0.25"), spreadsheet_cell(-0.5)
        ("'=1+1", '-0.5 0.25', -0.5)
    """
    if not isinstance(value, str) or value[:1] not in set("=+-@\t\r"):
        return value
    return value if re.fullmatch(r"[-+.\de ]+", value) and value[0] in "+-" else f"'{value}"
