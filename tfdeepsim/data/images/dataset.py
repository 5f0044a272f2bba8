"""Image files behind the interface that all datasets share."""

import functools
import hashlib
import json
import os
import sys
from typing import get_args

import numpy as np

from tfdeepsim.data.dataset import Cache, Dataset, Description
from tfdeepsim.data.images.decode import VERSION
from tfdeepsim.data.images.files import Skipped, Store
from tfdeepsim.data.images.listing import Listing, read_listing
from tfdeepsim.data.images.pixel_cache import PixelCache, all_skipped
from tfdeepsim.data.images.splits import split_rows
from tfdeepsim.data.images.verification import VerifiedFiles, seconds_needed
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.splits.split import Split
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

DEFAULT_SIDE = 64

_SHOWN = 3
"""Names of files in a line."""


class ImageFiles(Dataset):
    """Image files in a folder or an archive.

    Labels are those of the folders (see `layout`) or of a CSV file, under the name `label`: class
    ids int64 [N], or float32 [N, K] to regress. Encoders and probes share training and validation
    images, since own images are few; test images are shown to neither. Files that cannot be decoded
    are left out.

    Args:
        store: Where the files lie.
        data_dir: Of all datasets, where decoded images are kept; by default `TFDS_DATA_DIR` or
            `~/tensorflow_datasets`.
        options: Size, labels, splits, cache, and how many files may be bad.

    Raises:
        InputError: If files, labels or splits do not follow the rules, or too many files are bad.
    """

    def __init__(self, store: Store, data_dir: str | os.PathLike | None, options: DataOptions):
        view = Resizing.of(options, DEFAULT_SIDE)
        listing = read_listing(store, options)
        kept = PixelCache(listing, view, data_dir)
        self._cache = options.cache
        self._images = functools.cache(kept.images)
        checked, _ = self._images(_plain(options.cache))
        _check_share(listing, checked, options.max_bad)
        self._labels = listing.labels
        self._rows = split_rows(listing, _good(listing, checked), options)
        self.name = store.name
        self.image_shape = (view.side, view.side, 3)
        self.task = listing.task
        self.label = None if listing.task is None else "label"
        self.class_names = listing.class_names
        self.splits = {split: len(rows) for split, rows in self._rows.items()}
        self.fingerprint = _fingerprint(checked, listing, view, self._rows)
        self.skipped = tuple(all_skipped(listing, checked))
        self.folder = kept.folder
        _report(self, len(listing.files) + len(listing.skipped), kept)

    def source(self, split: str, cache: Cache = "auto") -> Split:
        """The images of a split, by name of file.

        Args:
            split: One of `splits`.
            cache: `disk`: decoded once and mapped from a file; `memory`: decoded once a command;
                `none`: decoded at each use; `auto`: as the options said, or else `disk`.
        """
        if split not in self._rows:
            raise InputError("split must be known", got=repr(split), accepted=", ".join(self._rows))
        rows = self._rows[split]
        _, images = self._images(_plain(cache if cache != "auto" else self._cache))
        labels = {} if self._labels is None else {"label": self._labels[rows]}
        return Split(images=Subset(images, rows), labels=labels)


def describe(store: Store, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of image files without decoding more than a few.

    Raises:
        InputError: As `ImageFiles`, as far as it can be seen.
    """
    view = Resizing.of(options, DEFAULT_SIDE)
    listing = read_listing(store, options)
    kept = PixelCache(listing, view, data_dir)
    checked = None if options.cache == "memory" else kept.read_index()
    made = checked is not None and (options.cache == "none" or kept.has_pixels())
    good = np.arange(len(listing.files)) if checked is None else _good(listing, checked)
    on_disk = _plain(options.cache) == "disk"
    return Description(
        name=store.name,
        image_shape=(view.side, view.side, 3),
        splits={split: len(rows) for split, rows in split_rows(listing, good, options).items()},
        folder=kept.folder,
        made=made,
        bytes_needed=kept.bytes if on_disk and not made else 0,
        seconds_needed=0.0 if made else seconds_needed(listing, view),
    )


def _plain(cache: Cache) -> Cache:
    if cache not in get_args(Cache):
        raise InputError(
            "cache must be known", got=repr(cache), accepted=", ".join(get_args(Cache))
        )
    return "disk" if cache == "auto" else cache


def _good(listing: Listing, checked: VerifiedFiles) -> np.ndarray:
    return np.setdiff1d(np.arange(len(listing.files)), list(checked.bad), assume_unique=True)


def _check_share(listing: Listing, checked: VerifiedFiles, most: float) -> None:
    share = len(checked.bad) / len(listing.files)
    if share > most:
        bad = [(listing.files[row].name, why) for row, why in sorted(checked.bad.items())]
        raise InputError(
            "image files must be readable but for a few",
            got=f"{len(bad):,} of {len(listing.files):,} ({share:.1%}) that are not: {_some(bad)}",
            accepted=f"{most:.1%} or less, or a larger --max-bad",
        )


def _some(files: list[Skipped] | tuple[Skipped, ...]) -> str:
    shown = ", ".join(f"{name} ({why})" for name, why in files[:_SHOWN])
    return shown + (", ..." if len(files) > _SHOWN else "")


def _report(dataset: ImageFiles, count: int, kept: PixelCache) -> None:
    if dataset.skipped:
        where = f"; all in {kept.skipped}" if kept.skipped.is_file() else ""
        print(
            f"Skipped {len(dataset.skipped):,} of {count:,} files of {dataset.name}: "
            f"{_some(dataset.skipped)}{where}",
            file=sys.stderr,
        )


def _fingerprint(
    checked: VerifiedFiles, listing: Listing, view: Resizing, rows: dict[str, np.ndarray]
) -> str:
    """Changes with any byte of a file, name, label, split, size or way to get there; not with
    times."""
    described = [VERSION, checked.contents, listing.class_names, view.key]
    digest = hashlib.sha256(json.dumps(described).encode())
    if listing.labels is not None:
        digest.update(listing.labels.tobytes())
    for split in sorted(rows):
        digest.update(split.encode() + rows[split].tobytes())
    return digest.hexdigest()[:16]
