"""Pixels of image files, and what the pass over them found, kept between commands."""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from tfdeepsim.data.cache import create, disk_errors, fits_in_memory
from tfdeepsim.data.dataset import Cache
from tfdeepsim.data.images.encoded import EncodedImages
from tfdeepsim.data.images.files import Skipped, Store
from tfdeepsim.data.images.listing import Listing
from tfdeepsim.data.images.verification import VerifiedFiles, check
from tfdeepsim.data.llv2.folder import root
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing, slug, write_json
from tfdeepsim.lock import locked


class PixelCache:
    """What is kept of one folder or archive; made anew when any of its files has changed.

    | name | what |
    |---|---|
    | `index.json` | which files cannot be decoded, and digests |
    | `skipped.csv` | all files that were left out, and why |
    | `SIZE-HOW-LISTING.npy` | pixels of all files, uint8 [N, side, side, 3] |

    Args:
        listing: N files.
        view: Size, and how to get there.
        data_dir: Of all datasets; by default `TFDS_DATA_DIR` or `~/tensorflow_datasets`.
    """

    def __init__(self, listing: Listing, view: Resizing, data_dir: str | os.PathLike | None):
        self.folder = _place(listing.store, data_dir)
        self.skipped = self.folder / "skipped.csv"
        self._index = self.folder / "index.json"
        self._pixels = self.folder / f"{_spelling(view)}-{listing.digest}.npy"
        self._listing = listing
        self._view = view
        self._shape = (len(listing.files), view.side, view.side, 3)
        self.bytes = int(np.prod(self._shape))

    def images(self, cache: Cache) -> tuple[VerifiedFiles, Images]:
        """What the pass found, and all images, those of bad files with any pixels.

        Args:
            cache: `disk` and `auto`: decoded once and mapped from a file; `memory`: decoded now, no
                file is written; `none`: decoded at each use, only what the pass found is kept.

        Raises:
            InputError: If files cannot be read or written, or there is no room.
        """
        if cache == "memory":
            return self._in_memory()
        with disk_errors(self.folder), locked(self.folder):
            self.folder.mkdir(exist_ok=True)
            self._sweep()
            checked = self.read_index()
            if cache == "none":
                checked = checked or self._write_index(check(self._listing, self._view))
                return checked, EncodedImages(self._listing, self._view)
            if checked is None or not self.has_pixels():
                checked = self._write()
            return checked, np.load(self._pixels, mmap_mode="r")

    def read_index(self) -> VerifiedFiles | None:
        """What the pass over these very files found; None if there was none."""
        try:
            index = json.loads(self._index.read_text())
            checked = VerifiedFiles(index["listing"], index["contents"], dict(index["bad"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return checked if checked.listing == self._listing.digest else None

    def has_pixels(self) -> bool:
        """Whether pixels of these very files are kept."""
        try:
            pixels = np.load(self._pixels, mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return False
        return (pixels.shape, pixels.dtype) == (self._shape, np.uint8)

    def _in_memory(self) -> tuple[VerifiedFiles, np.ndarray]:
        if not fits_in_memory(self.bytes):
            raise InputError(
                "images kept in memory must fit into half of what is free",
                got=f"{self.bytes / 1e6:,.0f} MB",
                accepted="--cache disk, --cache none, or a smaller --image-size",
            )
        pixels = np.zeros(self._shape, np.uint8)
        return check(self._listing, self._view, pixels), pixels

    def _write(self) -> VerifiedFiles:
        free = shutil.disk_usage(self.folder).free
        if free < self.bytes:
            raise InputError(
                "the disk must have room for decoded images",
                got=f"{free / 1e6:,.0f} MB free at {self.folder}",
                accepted=f"{self.bytes / 1e6:,.0f} MB, another data folder, or --cache none",
            )
        with replacing(self._pixels) as new:
            pixels = create(new, self._shape, np.uint8)
            checked = check(self._listing, self._view, pixels)
            cast(np.memmap, pixels).flush()
        return self._write_index(checked)

    def _write_index(self, checked: VerifiedFiles) -> VerifiedFiles:
        with (
            replacing(self.skipped) as new,
            open(new, "w", newline="", encoding="utf-8", errors="surrogateescape") as file,
        ):
            csv.writer(file).writerows([("file", "reason"), *all_skipped(self._listing, checked)])
        index = {
            "listing": checked.listing,
            "contents": checked.contents,
            "bad": list(checked.bad.items()),
        }
        write_json(self._index, index)
        return checked

    def _sweep(self) -> None:
        """Remove what killed processes left, and pixels of files as they were."""
        for leftover in self.folder.glob(".*/"):
            shutil.rmtree(leftover)
        for pixels in self.folder.glob("*.npy"):
            if not pixels.stem.endswith(self._listing.digest):
                pixels.unlink()


def all_skipped(listing: Listing, checked: VerifiedFiles) -> Sequence[Skipped]:
    """Every file that was left out, and why."""
    return [
        *listing.skipped,
        *((listing.files[row].name, why) for row, why in sorted(checked.bad.items())),
    ]


def _place(store: Store, data_dir: str | os.PathLike | None) -> Path:
    """The folder for what is kept of `store`: one for each path on this machine."""
    path = store.path.resolve()
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    return root(data_dir) / "images" / f"{slug(path.name)[:40]}-{digest}"


def _spelling(view: Resizing) -> str:
    if view.resize != "bilinear":
        return f"{view.side}-{view.resize}"
    size = f"{view.side}of{view.shorter_side}" if view.shorter_side else f"{view.side}"
    return f"{size}-{view.crop}"
