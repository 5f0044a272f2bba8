"""Checksums of files; those of large files are remembered, so that each is computed once."""

import contextlib
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, sha256_of, write_json

REMEMBERED_FROM = 64 * 2**20
"""Size in bytes from which the checksum of a file is remembered."""

_ANNOUNCED_FROM = 2**30
"""Size in bytes from which the user is told that a checksum is being computed."""


def file_digest(path: Path, remembered: Path) -> str:
    """The SHA-256 of a file, 64 hexadecimal digits.

    Args:
        path: The file.
        remembered: JSON file that holds the checksums of large files, each with the file's size and
            time of change; if either differs, the file is read again. It is created if it does not
            exist. If it cannot be written, nothing is remembered.
    """
    stat = path.stat()
    if stat.st_size < REMEMBERED_FROM:
        return sha256_of(path)
    key, state = str(path.resolve()), [stat.st_size, stat.st_mtime_ns]
    entry = _entries(remembered).get(key)
    if (
        isinstance(entry, dict)
        and entry.get("state") == state
        and isinstance(entry.get("sha256"), str)
    ):
        return entry["sha256"]
    if stat.st_size >= _ANNOUNCED_FROM:
        print(
            f"Computing the checksum of {path}, {stat.st_size / 1e9:.1f} GB, once", file=sys.stderr
        )
    digest = sha256_of(path)
    with contextlib.suppress(OSError):
        write_json(remembered, {**_entries(remembered), key: {"state": state, "sha256": digest}})
    return digest


def short_digest(*values: object) -> str:
    """A checksum of several values together, 16 hexadecimal digits.

    Args:
        *values: Bytes, or values that JSON can write.
    """
    digest = hashlib.sha256()
    for value in values:
        data = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
        digest.update(len(data).to_bytes(8, "little"))  # so that ("ab", "c") is not ("a", "bc")
        digest.update(data)
    return digest.hexdigest()[:16]


def _entries(path: Path) -> dict[str, Any]:
    try:
        return read_json(path)
    except InputError:
        return {}
