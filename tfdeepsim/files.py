"""Files: written whole or not at all, read with one line for an error, and named by what is in
them."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfdeepsim.errors import InputError


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Write a file or a folder whole, or not at all.

    Yields the name of a temporary sibling of `path`, which does not exist yet; the caller creates a
    file or a folder there. If the block succeeds, it takes the place of `path`; if it fails or is
    interrupted, it is removed and `path` is as it was.

    Args:
        path: The final name. Its parent is created.

    Example:
        >>> with replacing("notes.txt") as new:
        ...     new.write_text("all of it")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as holder:
        new = Path(holder, path.name)
        yield new
        if new.is_file():
            with open(new, "rb") as file:
                os.fsync(file.fileno())
        if path.is_dir():
            path.rename(Path(holder, "old"))
        os.replace(new, path)


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write `value` as JSON, whole or not at all."""
    with replacing(path) as new:
        new.write_text(json.dumps(value, indent=2) + "\n")


def read_json(path: str | os.PathLike, rule: str = "", accepted: str = "") -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: The file.
        rule: What the file must be, for the error; by default that it is a readable JSON object.
        accepted: What would be accepted, for the error.

    Raises:
        InputError: If there is no such file, it cannot be read, or it holds no JSON object.
    """
    path = Path(path)
    try:
        value = json.loads(path.read_text())
        if not isinstance(value, dict):
            raise ValueError("no JSON object")
    except (OSError, ValueError) as error:
        raise InputError(
            rule or f"{path.name} must be a readable JSON object",
            got=f"{path} ({error})",
            accepted=accepted or "the file as tfdeepsim wrote it",
        ) from error
    return value


def sha256_of(path: str | os.PathLike) -> str:
    """SHA-256 of a file, or of all files of a folder together with their names, in hexadecimal."""
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
    """SHA-256 of a JSON value, whatever the order of its keys, in hexadecimal."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def slug(name: str) -> str:
    """A dataset's or probe's name as a file name: `llv2/small` is `llv2-small`."""
    return "".join(
        character if character.isalnum() or character in "._" else "-" for character in name
    )
