"""The one pass over all image files that tells which can be decoded."""

import contextlib
import dataclasses
import hashlib
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tfdeepsim.data.images.decode import Undecodable, decode
from tfdeepsim.data.images.files import File, Store
from tfdeepsim.data.images.listing import Listing
from tfdeepsim.data.images.progress import Progress
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.errors import InputError

WORKERS = os.cpu_count() or 1

_CHUNK = 64
"""Files that a thread takes at a time."""

_MAX_BYTES = 2**29
"""Of one file; what is larger is no photograph."""

_TRIAL_FILES, _TRIAL_SECONDS = 64, 0.5


@dataclasses.dataclass(frozen=True)
class VerifiedFiles:
    """What the pass found.

    Attributes:
        listing: Digest of the listing that was checked.
        contents: Digest of the names and of every byte of all files.
        bad: Rows of files that cannot be decoded, and why.
    """

    listing: str
    contents: str
    bad: Mapping[int, str]


def check(listing: Listing, view: Resizing, pixels: np.ndarray | None = None) -> VerifiedFiles:
    """Decode every file once, in parallel.

    Args:
        listing: N files.
        view: Size, and how to get there.
        pixels: uint8 [N, side, side, 3], gets the images; rows of bad files are left as they are.
            None if only the outcome matters.

    Raises:
        InputError: If a file cannot be read, or not be brought to that size by tiling or mirroring.
    """

    def work(rows: range) -> tuple[list[bytes], dict[int, str]]:
        digests: list[bytes] = []
        bad: dict[int, str] = {}
        for row in rows:
            digest = hashlib.sha256()
            try:
                data = _read(listing.store, listing.files[row])
                digest.update(data)
                image = _decode(data, listing.files[row], view)
            except Undecodable as error:
                bad[row] = str(error)
            else:
                if pixels is not None:
                    pixels[row] = image
            digests.append(digest.digest())
        return digests, bad

    count = len(listing.files)
    contents = hashlib.sha256()
    bad: dict[int, str] = {}
    chunks = [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
    what = f"Decoding {count:,} images of {listing.store.name}"
    with (
        ThreadPoolExecutor(WORKERS) as threads,
        Progress(what, count) as progress,
        contextlib.closing(threads.map(work, chunks)) as results,  # type: ignore[type-var]
    ):
        for rows, (digests, failed) in zip(chunks, results, strict=True):
            for row, digest in zip(rows, digests, strict=True):
                contents.update(listing.files[row].name.encode(errors="surrogateescape") + digest)
            bad |= failed
            progress.done(rows.stop)
    return VerifiedFiles(listing.digest, contents.hexdigest()[:16], bad)


def seconds_needed(listing: Listing, view: Resizing) -> float:
    """What the pass takes on this machine, about: by decoding a few files from all over the
    listing."""
    begin = time.perf_counter()
    tried = 0
    for row in np.unique(np.linspace(0, len(listing.files) - 1, _TRIAL_FILES).astype(int)):
        try:
            read_image(listing.store, listing.files[row], view)
        except Undecodable:
            pass  # what cannot be decoded takes its time too
        tried += 1
        if time.perf_counter() - begin > _TRIAL_SECONDS:
            break
    return (time.perf_counter() - begin) / tried * len(listing.files) / WORKERS


def read_image(store: Store, file: File, view: Resizing) -> np.ndarray:
    """One image, uint8 [side, side, 3].

    Raises:
        Undecodable: If it cannot be decoded.
        InputError: If it cannot be read, or not be brought to that size by tiling or mirroring.
    """
    return _decode(_read(store, file), file, view)


def _read(store: Store, file: File) -> bytes:
    if file.size > _MAX_BYTES:  # before it is unpacked into memory
        raise Undecodable(f"a file of {file.size / 1e6:,.0f} MB")
    return store.read(file)


def _decode(data: bytes, file: File, view: Resizing) -> np.ndarray:
    try:
        return decode(data, view)
    except InputError as error:
        raise InputError(
            error.rule, got=f"{error.got}, {file.name}", accepted=error.accepted
        ) from error
