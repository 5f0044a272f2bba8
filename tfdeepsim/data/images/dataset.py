"""Image files behind the interface that all datasets share."""

import functools
import hashlib
import json
import os
import sys

import numpy as np

from tfdeepsim.data.cache import check_cache
from tfdeepsim.data.dataset import Cache, Dataset, Description, StoredImages
from tfdeepsim.data.images.decode import VERSION
from tfdeepsim.data.images.files import Skipped, Store
from tfdeepsim.data.images.listing import Listing, read_listing
from tfdeepsim.data.images.pixel_cache import PixelCache, all_skipped
from tfdeepsim.data.images.splits import split_rows
from tfdeepsim.data.images.verification import VerifiedFiles, seconds_needed
from tfdeepsim.data.labels import label_bytes
from tfdeepsim.data.resizing import DEFAULT_SIDE, Resizing
from tfdeepsim.data.splits.split import LABEL, Split
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

_NAMES_SHOWN = 3
"""Number of file names in a message."""


class ImageFiles(Dataset):
    """Image files in a folder or an archive.

    Labels follow from the folders (see `layout`) or are read from a CSV file, and are called
    `label`: class ids, int64 [N], or numbers to regress, float64 [N, K]. Encoders and probes share
    training and validation images, since a user's own images are few; test images are used by
    neither. Files that cannot be decoded are left out.

    Args:
        store: Folder or archive that the files lie in.
        data_dir: Folder that all datasets are kept in, and decoded images are cached in; by default
            `TFDS_DATA_DIR` or `~/tensorflow_datasets`.
        options: Size, labels and splits, where decoded images are kept, and how many files may be
            bad.

    Raises:
        InputError: If files, labels or splits do not follow the rules, or too many files are bad.

    Example:
        >>> dataset = open_dataset("folder:photos")
        >>> dataset.class_names
        ('cat', 'dog')
    """

    def __init__(self, store: Store, data_dir: str | os.PathLike | None, options: DataOptions):
        resizing = Resizing.of(options, DEFAULT_SIDE)
        listing = read_listing(store, options)
        pixel_cache = PixelCache(listing, resizing, data_dir, options.parallel_reads)
        self._cache = options.cache
        self._listing = listing
        self._images = functools.cache(pixel_cache.images)
        verified, _ = self._images(_cache_place(options.cache))
        _check_share_of_bad(listing, verified, options.max_bad)
        self._labels = listing.labels
        self._rows = split_rows(listing, _decodable(listing, verified), options)
        _check_duplicates(listing, verified, self._rows["test"], options.allow_duplicates)
        self.name = store.name
        self.image_shape = (resizing.side, resizing.side, 3)
        self.task = listing.task
        self.label = None if listing.task is None else LABEL
        self.class_names = listing.class_names
        self.splits = {split: len(rows) for split, rows in self._rows.items()}
        self.fingerprint = _fingerprint(verified, listing, resizing, self._rows)
        self.skipped = tuple(all_skipped(listing, verified))
        self.cache_dir = pixel_cache.folder
        self.shorter_side = resizing.shorter_side
        if options.labels is not None:
            print(f"Labels of {options.labels}: {_label_words(listing)}", file=sys.stderr)
        _report_skipped(self, len(listing.files) + len(listing.skipped), pixel_cache)

    def split(self, name: str, cache: Cache = "auto") -> Split:
        """The images of a split, sorted by the names of their files.

        Args:
            name: One of `splits`.
            cache: `disk`: decoded once and mapped from a file; `memory`: decoded once in each
                process; `none`: decoded at each use; `auto`: as in the options, where `auto` means
                `disk`.
        """
        if name not in self._rows:
            raise InputError("split must be known", got=repr(name), accepted=", ".join(self._rows))
        rows = self._rows[name]
        _, images = self._images(_cache_place(cache if cache != "auto" else self._cache))
        labels = {} if self._labels is None else {LABEL: self._labels[rows]}
        return Split(images=Subset(images, rows), labels=labels)

    def stored(self, name: str) -> StoredImages:
        """The files of a split."""
        store, files = self._listing.store, self._listing.files
        return StoredImages(self.name, self._rows[name], lambda row: store.read(files[row]))


def describe_store(
    store: Store, data_dir: str | os.PathLike | None, options: DataOptions
) -> Description:
    """What is known of image files without decoding more than a few.

    Raises:
        InputError: If files, labels or splits do not follow the rules.
    """
    resizing = Resizing.of(options, DEFAULT_SIDE)
    listing = read_listing(store, options)
    pixel_cache = PixelCache(listing, resizing, data_dir)
    verified = None if options.cache == "memory" else pixel_cache.read_index()
    ready = verified is not None and (options.cache == "none" or pixel_cache.has_pixels())
    all_rows = np.arange(len(listing.files))
    rows = all_rows if verified is None else _decodable(listing, verified)
    on_disk = _cache_place(options.cache) == "disk"
    return Description(
        name=store.name,
        image_shape=(resizing.side, resizing.side, 3),
        splits={split: len(rows) for split, rows in split_rows(listing, rows, options).items()},
        folder=pixel_cache.folder,
        ready=ready,
        bytes_needed=pixel_cache.bytes if on_disk and not ready else 0,
        seconds_needed=0.0 if ready else seconds_needed(listing, resizing),
    )


def _cache_place(cache: Cache) -> Cache:
    check_cache(cache)
    return "disk" if cache == "auto" else cache


def _decodable(listing: Listing, verified: VerifiedFiles) -> np.ndarray:
    """Rows of the files that can be decoded."""
    return np.setdiff1d(np.arange(len(listing.files)), list(verified.bad), assume_unique=True)


def _check_share_of_bad(listing: Listing, verified: VerifiedFiles, largest: float) -> None:
    share = len(verified.bad) / len(listing.files)
    if share > largest:
        bad = [(listing.files[row].name, reason) for row, reason in sorted(verified.bad.items())]
        raise InputError(
            "all but a few image files must be readable",
            got=f"{len(bad):,} of {len(listing.files):,} ({share:.1%}) that are not: "
            f"{_first_names(bad)}",
            accepted=f"{largest:.1%} or less, or a larger --max-bad",
        )


def _check_duplicates(
    listing: Listing, verified: VerifiedFiles, test: np.ndarray, allowed: bool
) -> None:
    """Refuse test images that are training or validation images too, pixel for pixel, unless they
    are allowed; count them then."""
    in_test = set(test.tolist())
    groups: dict[int, list[int]] = {}
    for row, first in verified.repeated.items():
        groups.setdefault(first, [first]).append(row)
    both = [
        (next(row for row in group if row in in_test), other)
        for group in groups.values()
        for other in [next((row for row in group if row not in in_test), None)]
        if other is not None and any(row in in_test for row in group)
    ]
    if not both:
        return
    names = " and ".join(listing.files[row].name for row in both[0])
    got = f"{len(both):,} images that are in both, such as {names}"
    if not allowed:
        raise InputError(
            "an image is either for training or for the test",
            got=f"{listing.store.name} with {got}",
            accepted="each image once; or --allow-duplicates",
        )
    print(f"{listing.store.name} has {got}: scores are too good", file=sys.stderr)


def _label_words(listing: Listing) -> str:
    if listing.labels is None or listing.class_names:
        shown = ", ".join(listing.class_names[:_NAMES_SHOWN])
        more = ", ..." * (len(listing.class_names) > _NAMES_SHOWN)
        return f"{len(listing.class_names):,} classes, {shown}{more}"
    return f"{listing.labels.shape[1]} column(s) of numbers"


def _first_names(files: list[Skipped] | tuple[Skipped, ...]) -> str:
    names = ", ".join(f"{name} ({reason})" for name, reason in files[:_NAMES_SHOWN])
    return names + (", ..." if len(files) > _NAMES_SHOWN else "")


def _report_skipped(dataset: ImageFiles, count: int, pixel_cache: PixelCache) -> None:
    if dataset.skipped:
        complete = f"; all in {pixel_cache.skipped}" if pixel_cache.skipped.is_file() else ""
        print(
            f"Skipped {len(dataset.skipped):,} of {count:,} files of {dataset.name}: "
            f"{_first_names(dataset.skipped)}{complete}",
            file=sys.stderr,
        )


def _fingerprint(
    verified: VerifiedFiles, listing: Listing, resizing: Resizing, rows: dict[str, np.ndarray]
) -> str:
    """Checksum that changes with any byte of a file, name, label, split or size, and with the
    decoder; not with the times of files."""
    settings = [VERSION, verified.contents, listing.class_names, resizing.key]
    digest = hashlib.sha256(json.dumps(settings).encode())
    if listing.labels is not None:
        digest.update(label_bytes(listing.labels))
    for split in sorted(rows):
        digest.update(split.encode() + rows[split].tobytes())
    return digest.hexdigest()[:16]
