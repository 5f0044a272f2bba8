"""Downloads a file into a cache, once, and checks its digest."""

import dataclasses
import os
import sys
import urllib.parse
from pathlib import Path

import requests

from tfdeepsim.comparators.weights.read_once import digest_once
from tfdeepsim.errors import InputError
from tfdeepsim.lock import locked

_SECONDS_TO_CONNECT, _SECONDS_BETWEEN_BYTES = 10, 60
_BLOCK = 2**18


@dataclasses.dataclass(frozen=True)
class RemoteFile:
    """A file on a server, and its place in the cache.

    Attributes:
        path: Where the downloaded file is cached.
        url: Address of the file.
        digest: Its MD5 in hexadecimal if that has 32 digits, else the first digits of its SHA-256;
            empty if unknown.

    Example:
        >>> file = RemoteFile(Path("cache/a.h5"), "https://example.org/a.h5", "7be5be79")
        >>> path = fetch(file)
    """

    path: Path
    url: str
    digest: str


def fetch(remote: RemoteFile) -> Path:
    """Download a file, unless it is cached with the right digest; of several processes, one does.

    Returns:
        The path of the file in the cache.

    Raises:
        InputError: If the file cannot be downloaded, or its digest is another one.
    """
    if not _is_cached(remote):
        with locked(remote.path):
            if not _is_cached(remote):
                _download(remote)
    return remote.path


def has_digest(path: str | os.PathLike, digest: str) -> bool:
    """Whether a file has the digest of a `RemoteFile`; False if that is unknown."""
    algorithm = "md5" if len(digest) == 32 else "sha256"
    return bool(digest) and digest_once(path, algorithm).startswith(digest)


def _is_cached(remote: RemoteFile) -> bool:
    return remote.path.is_file() and (not remote.digest or has_digest(remote.path, remote.digest))


def _download(remote: RemoteFile) -> None:
    part = remote.path.with_name(f"{remote.path.name}.part")
    print(f"Downloading {remote.url} to {remote.path}", file=sys.stderr)
    try:
        _transfer(remote.url, part)
        if remote.digest and not has_digest(part, remote.digest):
            raise _failed(
                remote,
                f"a file whose digest does not begin with {remote.digest[:8]}, removed again",
            )
        os.replace(part, remote.path)
    except requests.RequestException as error:
        raise _failed(remote, _reason(error, remote, part)) from error
    finally:
        part.unlink(missing_ok=True)


def _transfer(url: str, part: Path) -> None:
    # Not at the top: reports import this module, and do without rich.
    from tfdeepsim.progress import ProgressBar

    timeout = _SECONDS_TO_CONNECT, _SECONDS_BETWEEN_BYTES
    headers = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=timeout, headers=headers) as answer:
        answer.raise_for_status()
        length = answer.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        # Where there is no terminal, the line above says enough.
        bar = ProgressBar("Downloading", total, unit="bytes", shown=sys.stderr.isatty())
        with bar, open(part, "wb") as file:
            for block in answer.iter_content(_BLOCK):
                file.write(block)
                bar.advance(len(block))
    if total is not None and part.stat().st_size != total:
        raise requests.ConnectionError("closed early")


def _reason(error: requests.RequestException, remote: RemoteFile, part: Path) -> str:
    host = urllib.parse.urlsplit(remote.url).netloc
    if error.response is not None:
        return f"HTTP {error.response.status_code} from {host}"
    if part.exists():
        return f"a transfer from {host} that broke off after {part.stat().st_size / 1e6:.1f} MB"
    return f"no answer from {host}"


def _failed(remote: RemoteFile, got: str) -> InputError:
    return InputError(
        f"{remote.path.name} could not be downloaded",
        got=got,
        accepted=f"a network, or {remote.url} downloaded by other means and put into "
        f"{remote.path.parent}, or given as --comparator-weights FILE",
    )
