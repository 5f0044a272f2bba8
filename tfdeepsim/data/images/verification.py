"""The pass over all image files that finds which can be decoded."""

import contextlib
import dataclasses
import hashlib
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tfdeepsim.batches import batch_slices
from tfdeepsim.data.images.decode import Undecodable
from tfdeepsim.data.images.decode_many import decode_many
from tfdeepsim.data.images.listing import Listing
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.splits.on_demand import THREADS
from tfdeepsim.errors import InputError
from tfdeepsim.progress import ProgressBar

_CHUNK = 64
"""Number of files that a thread takes at a time."""

_MAX_BYTES = 2**29
"""Size in bytes above which a file is not read: it is not a photograph."""

_NO_DATA = hashlib.sha256().digest()
"""Digest of a file that is not read."""

_TRIAL_FILES, _TRIAL_SECONDS = 64, 0.5


@dataclasses.dataclass(frozen=True)
class VerifiedFiles:
    """The outcome of a pass over all files of a listing.

    Attributes:
        listing: Digest of the listing.
        contents: Digest of the names and of every byte of all files.
        bad: Rows of files that cannot be decoded, and the reason for each.
        repeated: Rows of files that show the same pixels as an earlier one, and the first such row.
    """

    listing: str
    contents: str
    bad: Mapping[int, str]
    repeated: Mapping[int, int] = dataclasses.field(default_factory=dict)


def verify_files(
    listing: Listing,
    resizing: Resizing,
    pixels: np.ndarray | None = None,
    threads: int | None = None,
) -> VerifiedFiles:
    """Decode every file once, in parallel.

    Args:
        listing: The N files.
        resizing: How images are resized.
        pixels: Array, uint8 [N, side, side, 3], that the images are written to; rows of bad files
            are left as they are. None if only the outcome is needed.
        threads: Number of files that are read at the same time; None for the number of processors.

    Raises:
        InputError: If a file cannot be read, or an image cannot be tiled or mirrored to its new
            size.
    """

    def verify(rows: range) -> tuple[list[bytes], dict[int, str], dict[int, bytes]]:
        digests = [_NO_DATA] * len(rows)
        out = _empty(rows, resizing) if pixels is None else pixels[rows.start : rows.stop]
        failures = decode_rows(listing, rows, resizing, out, digests)
        bad = {rows[place]: str(error) for place, error in failures.items()}
        shown = {
            row: hashlib.blake2b(image.tobytes(), digest_size=12).digest()
            for row, image in zip(rows, out, strict=True)
            if row not in bad
        }
        return digests, bad, shown

    count = len(listing.files)
    contents = hashlib.sha256()
    bad: dict[int, str] = {}
    first_row: dict[bytes, int] = {}
    repeated: dict[int, int] = {}
    chunks = [range(part.start, part.stop) for part in batch_slices(count, _CHUNK)]
    with (
        ThreadPoolExecutor(threads or THREADS) as pool,
        ProgressBar(f"Decoding {count:,} images of {listing.store.name}", count) as bar,
        contextlib.closing(pool.map(verify, chunks)) as results,  # type: ignore[type-var]
    ):
        for rows, (digests, bad_rows, shown) in zip(chunks, results, strict=True):
            for row, digest in zip(rows, digests, strict=True):
                contents.update(listing.files[row].name.encode(errors="surrogateescape") + digest)
            bad |= bad_rows
            for row, image_digest in shown.items():
                if (first := first_row.setdefault(image_digest, row)) != row:
                    repeated[row] = first
            bar.update(rows.stop)
    return VerifiedFiles(listing.digest, contents.hexdigest()[:16], bad, repeated)


def seconds_needed(listing: Listing, resizing: Resizing) -> float:
    """Approximate time that the pass takes on this machine, from decoding a few files."""
    begin = time.perf_counter()
    tried = 0
    for row in np.unique(np.linspace(0, len(listing.files) - 1, _TRIAL_FILES).astype(int)):
        decode_rows(listing, [row], resizing, _empty([row], resizing))
        tried += 1
        if time.perf_counter() - begin > _TRIAL_SECONDS:
            break
    return (time.perf_counter() - begin) / tried * len(listing.files) / THREADS


def decode_rows(
    listing: Listing,
    rows: Sequence[int],
    resizing: Resizing,
    out: np.ndarray,
    digests: list[bytes] | None = None,
) -> dict[int, Undecodable]:
    """Read, decode and resize some files.

    Args:
        listing: All files.
        rows: Rows of the n files to read.
        resizing: How images are resized.
        out: Array, uint8 [n, side, side, 3], that the images are written to.
        digests: List of n values that the SHA-256 of each file is written to; None if they are not
            needed.

    Returns:
        Files that cannot be decoded, by their places in `rows`.

    Raises:
        InputError: If a file cannot be read, or an image cannot be tiled or mirrored to its new
            size.
    """
    store, files = listing.store, [listing.files[row] for row in rows]

    def read(place: int) -> bytes:
        file = files[place]
        if file.size > _MAX_BYTES:  # checked before it is unpacked into memory
            raise Undecodable(f"a file of {file.size / 1e6:,.0f} MB")
        data = store.read(file)
        if digests is not None:
            digests[place] = hashlib.sha256(data).digest()
        return data

    bad = {}
    for place, error in decode_many(read, range(len(files)), resizing, out).items():
        if isinstance(error, InputError):
            raise InputError(
                error.rule, got=f"{error.got}, {files[place].name}", accepted=error.accepted
            ) from error
        bad[place] = error
    return bad


def _empty(rows: Sequence[int], resizing: Resizing) -> np.ndarray:
    return np.empty((len(rows), resizing.side, resizing.side, 3), np.uint8)
