"""Fetches the weights that the makers of a network offer, once, into a cache."""

import dataclasses
import hashlib
import os
import sys
import urllib.parse
from pathlib import Path

import requests
import rich.console
import rich.progress

from tfdeepsim.comparators.spec import KERAS
from tfdeepsim.comparators.weights.locate import where
from tfdeepsim.errors import InputError
from tfdeepsim.lock import locked

TORCH_URL = "https://download.pytorch.org/models"
_SECONDS_TO_CONNECT, _SECONDS_BETWEEN_BYTES = 10, 60
_BLOCK = 2**18


@dataclasses.dataclass(frozen=True)
class RemoteFile:
    """A file that somebody offers.

    Attributes:
        path: Where it is kept.
        url: Where it comes from.
        digest: Hexadecimal: its MD5 if 32 digits, else the first digits of its SHA-256; empty if
            unknown.
    """

    path: Path
    url: str
    digest: str


def download(name: str) -> Path:
    """Fetch a comparator's weights, unless they are there.

    torchvision's go to `~/.cache/tfdeepsim` (or the like under `XDG_CACHE_HOME`); those of
    `keras.applications`, without the classifier, to where Keras keeps them.

    Args:
        name: Of the comparator, without its layers.

    Returns:
        the file, whole.

    Raises:
        InputError: If nobody offers them under a fixed address, or they cannot be fetched.
    """
    if name.startswith(KERAS):
        from tfdeepsim.comparators.keras_applications.catalog import remote_file_of

        return fetch(remote_file_of(name.removeprefix(KERAS), top=False))
    if name == "alexnet":
        file = "alexnet-owt-7be5be79.pth"
        return fetch(RemoteFile(_cache() / file, f"{TORCH_URL}/{file}", "7be5be79"))
    raise InputError(
        f"nobody offers weights of {name} under a fixed address",
        got="the word download",
        accepted=f"--comparator-weights FILE, where FILE is {where(name)}",
    )


def fetch(offer: RemoteFile) -> Path:
    """Fetch a file, unless it is there and whole; of several processes, one does.

    Raises:
        InputError: If it cannot be fetched, or is not what was offered.
    """
    if not _is_there(offer):
        with locked(offer.path):
            if not _is_there(offer):
                _fetch(offer)
    return offer.path


def matches(path: str | os.PathLike, digest: str) -> bool:
    """Whether a file has the digest of an `RemoteFile`; False if that is unknown."""
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "md5" if len(digest) == 32 else "sha256").hexdigest()
    return bool(digest) and found.startswith(digest)


def _is_there(offer: RemoteFile) -> bool:
    return offer.path.is_file() and (not offer.digest or matches(offer.path, offer.digest))


def _fetch(offer: RemoteFile) -> None:
    part = offer.path.with_name(f"{offer.path.name}.part")
    print(f"Downloading {offer.url} to {offer.path}", file=sys.stderr)
    try:
        _transfer(offer.url, part)
        if offer.digest and not matches(part, offer.digest):
            raise _failed(
                offer, f"a file whose digest does not begin with {offer.digest[:8]}, removed again"
            )
        os.replace(part, offer.path)
    except requests.RequestException as error:
        raise _failed(offer, _reason(error, offer, part)) from error
    finally:
        part.unlink(missing_ok=True)


def _transfer(url: str, part: Path) -> None:
    timeout = _SECONDS_TO_CONNECT, _SECONDS_BETWEEN_BYTES
    headers = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=timeout, headers=headers) as answer:
        answer.raise_for_status()
        length = answer.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() else None
        with _bar() as bar, open(part, "wb") as file:
            task = bar.add_task("", total=total)
            for block in answer.iter_content(_BLOCK):
                file.write(block)
                bar.advance(task, len(block))
    if total is not None and part.stat().st_size != total:
        raise requests.ConnectionError("closed early")


def _bar() -> rich.progress.Progress:
    console = rich.console.Console(stderr=True)
    columns = (
        rich.progress.BarColumn(),
        rich.progress.DownloadColumn(),
        rich.progress.TransferSpeedColumn(),
        rich.progress.TimeRemainingColumn(),
    )
    return rich.progress.Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    )


def _reason(error: requests.RequestException, offer: RemoteFile, part: Path) -> str:
    host = urllib.parse.urlsplit(offer.url).netloc
    if error.response is not None:
        return f"HTTP {error.response.status_code} from {host}"
    if part.exists():
        return f"a transfer from {host} that broke off after {part.stat().st_size / 1e6:.1f} MB"
    return f"no answer from {host}"


def _failed(offer: RemoteFile, got: str) -> InputError:
    return InputError(
        f"{offer.path.name} could not be fetched",
        got=got,
        accepted=f"a network, or {offer.url} fetched otherwise and put into {offer.path.parent}, "
        "or given as --comparator-weights FILE",
    )


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "tfdeepsim")
