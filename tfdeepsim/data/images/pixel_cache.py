"""The cache of one folder or archive of images: decoded pixels, and which files are bad."""

import csv
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from tfdeepsim.data.cache import create_npy, disk_errors, fits_in_memory
from tfdeepsim.data.dataset import Cache
from tfdeepsim.data.images.files import Skipped, Store
from tfdeepsim.data.images.listing import Listing
from tfdeepsim.data.images.verification import VerifiedFiles, decode_rows, verify_files
from tfdeepsim.data.paths import data_root
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.splits.on_demand import DecodedOnDemand
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, replacing, slug, spreadsheet_cell, write_json
from tfdeepsim.lock import locked
from tfdeepsim.numpy_files import DamagedArrays, read_npy


class PixelCache:
    """What is cached of one folder or archive; it is written again if any of its files changes.

    | file | contents |
    |---|---|
    | `index.json` | which files cannot be decoded, and digests |
    | `skipped.csv` | all files that were left out, and the reasons |
    | `SIZE-HOW-LISTING.npy` | pixels of all files, uint8 [N, side, side, 3] |

    Args:
        listing: The N files.
        resizing: How images are resized.
        data_dir: Folder that all datasets are kept in; by default `TFDS_DATA_DIR` or
            `~/tensorflow_datasets`.
        threads: Number of files that are read at the same time; None for the number of processors.

    Attributes:
        folder: Folder of the cache, which need not exist.
        skipped: Path of `skipped.csv`.
        bytes: Size of the pixels.

    Example:
        >>> cache = PixelCache(read_listing(Folder("photos"), DataOptions()), Resizing(64), None)
        >>> verified, images = cache.images("disk")
    """

    def __init__(
        self,
        listing: Listing,
        resizing: Resizing,
        data_dir: str | os.PathLike | None,
        threads: int | None = None,
    ):
        self.folder = _cache_folder(listing.store, data_dir)
        self.skipped = self.folder / "skipped.csv"
        self._index = self.folder / "index.json"
        self._pixels = self.folder / f"{_spelling(resizing)}-{listing.digest}.npy"
        self._listing = listing
        self._resizing = resizing
        self._threads = threads
        self._shape = (len(listing.files), resizing.side, resizing.side, 3)
        self.bytes = int(np.prod(self._shape))

    def images(self, cache: Cache) -> tuple[VerifiedFiles, Images]:
        """Which files are bad, and all images; rows of bad files hold any pixels.

        Args:
            cache: `disk` and `auto`: decoded once and mapped from a file; `memory`: decoded now, no
                file is written; `none`: decoded at each use, only `index.json` and `skipped.csv`
                are written.

        Raises:
            InputError: If files cannot be read or written, or there is no room.
        """
        if cache == "memory":
            return self._in_memory()
        with disk_errors(self.folder), locked(self.folder):
            self.folder.mkdir(exist_ok=True)
            self._remove_outdated()
            verified = self.read_index()
            if cache == "none":
                verified = verified or self._write_index(
                    verify_files(self._listing, self._resizing, threads=self._threads)
                )
                count, side = self._shape[:2]
                return verified, DecodedOnDemand(self._decode_again, count, side, self._threads)
            if verified is None or not self.has_pixels():
                verified = self._write()
            return verified, read_npy(self._pixels, mapped=True)

    def read_index(self) -> VerifiedFiles | None:
        """The outcome of the pass over these very files; None if there was none."""
        try:
            index = read_json(self._index)
            verified = VerifiedFiles(
                index["listing"], index["contents"], dict(index["bad"]), dict(index["repeated"])
            )
        except (InputError, KeyError, TypeError, ValueError):
            return None
        return verified if verified.listing == self._listing.digest else None

    def has_pixels(self) -> bool:
        """Whether the pixels of these very files are cached."""
        try:
            pixels = read_npy(self._pixels, mapped=True)
        except (OSError, DamagedArrays):
            return False
        return (pixels.shape, pixels.dtype) == (self._shape, np.uint8)

    def _decode_again(self, rows: np.ndarray, out: np.ndarray) -> None:
        for place, error in decode_rows(self._listing, rows.tolist(), self._resizing, out).items():
            file, store = self._listing.files[rows[place]], self._listing.store
            raise InputError(
                "image files must stay as they are while they are used",
                got=f"{file.name} of {store.name} ({error})",
                accepted="the file as it was at first, or a new start",
            ) from error

    def _in_memory(self) -> tuple[VerifiedFiles, np.ndarray]:
        if not fits_in_memory(self.bytes):
            raise InputError(
                "images in memory must fit into half of the free memory",
                got=f"{self.bytes / 1e6:,.0f} MB",
                accepted="--cache disk, --cache none, or a smaller --image-size",
            )
        pixels = np.zeros(self._shape, np.uint8)
        return verify_files(self._listing, self._resizing, pixels, self._threads), pixels

    def _write(self) -> VerifiedFiles:
        free = shutil.disk_usage(self.folder).free
        if free < self.bytes:
            raise InputError(
                "the disk must have room for decoded images",
                got=f"{free / 1e6:,.0f} MB free at {self.folder}",
                accepted=f"{self.bytes / 1e6:,.0f} MB, another data folder, or --cache none",
            )
        with replacing(self._pixels) as new:
            pixels = create_npy(new, self._shape, np.uint8)
            verified = verify_files(self._listing, self._resizing, pixels, self._threads)
            cast(np.memmap, pixels).flush()
        return self._write_index(verified)

    def _write_index(self, verified: VerifiedFiles) -> VerifiedFiles:
        with (
            replacing(self.skipped) as new,
            open(new, "w", newline="", encoding="utf-8", errors="surrogateescape") as file,
        ):
            skipped = [("file", "reason"), *all_skipped(self._listing, verified)]
            csv.writer(file).writerows([*map(spreadsheet_cell, row)] for row in skipped)
        index = {
            "listing": verified.listing,
            "contents": verified.contents,
            "bad": list(verified.bad.items()),
            "repeated": list(verified.repeated.items()),
        }
        write_json(self._index, index)
        return verified

    def _remove_outdated(self) -> None:
        """Remove what killed processes left, and the pixels of files that have changed since."""
        for leftover in self.folder.glob(".*/"):
            shutil.rmtree(leftover)
        for pixels in self.folder.glob("*.npy"):
            if not pixels.stem.endswith(self._listing.digest):
                pixels.unlink()


def all_skipped(listing: Listing, verified: VerifiedFiles) -> Sequence[Skipped]:
    """Every file that was left out, and the reason for each."""
    return [
        *listing.skipped,
        *((listing.files[row].name, reason) for row, reason in sorted(verified.bad.items())),
    ]


def _cache_folder(store: Store, data_dir: str | os.PathLike | None) -> Path:
    """The folder for the cache of `store`: one for each path on this machine."""
    path = store.path.resolve()
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    return data_root(data_dir) / "images" / f"{slug(path.name)[:40]}-{digest}"


def _spelling(resizing: Resizing) -> str:
    if resizing.resize != "bilinear":
        return f"{resizing.side}-{resizing.resize}"
    shorter_side = f"of{resizing.shorter_side}" if resizing.shorter_side else ""
    return f"{resizing.side}{shorter_side}-{resizing.crop}"
