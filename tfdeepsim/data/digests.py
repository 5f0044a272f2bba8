"""Checksums of files; those of large files are remembered, so that they are read for it once."""

import contextlib
import hashlib
import json
import sys
from pathlib import Path

from tfdeepsim.files import write_json

REMEMBERED_FROM = 64 * 2**20
"""Bytes of a file from which its checksum is worth a note."""

_TOLD_FROM = 2**30


def file_digest(path: Path, notes: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits.

    Args:
        path: The file.
        notes: JSON file where checksums of large files are noted, each with the file's size and
            time of
            change: if either differs, the file is read again. A folder that cannot be written does
                no harm.
    """
    stat = path.stat()
    if stat.st_size < REMEMBERED_FROM:
        return _read(path)
    key, state = str(path.resolve()), [stat.st_size, stat.st_mtime_ns]
    noted = _notes(notes).get(key)
    if (
        isinstance(noted, dict)
        and noted.get("state") == state
        and isinstance(noted.get("sha256"), str)
    ):
        return noted["sha256"]
    if stat.st_size >= _TOLD_FROM:
        print(f"Checksum of {path}, {stat.st_size / 1e9:.1f} GB: once", file=sys.stderr)
    digest = _read(path)
    with contextlib.suppress(OSError):
        write_json(notes, {**_notes(notes), key: {"state": state, "sha256": digest}})
    return digest


def combined(*parts: object) -> str:
    """A short name of several values together, 16 hexadecimal digits: it changes if any does.

    Args:
        *parts: Texts, bytes, or what JSON can write.
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        digest.update(len(data).to_bytes(8, "little"))  # so that ("ab", "c") is not ("a", "bc")
        digest.update(data)
    return digest.hexdigest()[:16]


def _read(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _notes(path: Path) -> dict:
    try:
        notes = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}
