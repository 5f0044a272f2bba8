"""Shards as a dataset: the kind `shards:GLOB`."""

import functools
import os

import numpy as np

from tfdeepsim.data.cache import Arrays, check_cache, decoded_split
from tfdeepsim.data.dataset import Cache, Dataset, Description
from tfdeepsim.data.digests import short_digest
from tfdeepsim.data.images.decode import VERSION
from tfdeepsim.data.labels import label_bytes
from tfdeepsim.data.paths import data_root, decoded_folder
from tfdeepsim.data.raw_splits.encoded import EncodedRawSplit
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.shards.index import read_index
from tfdeepsim.data.shards.info import Info, find_shards
from tfdeepsim.data.shards.reading import ShardReader
from tfdeepsim.data.splits.split import Images, Split
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions, flag
from tfdeepsim.progress import ProgressBar

SERVES_PROBES = "serves_probes"
"""Label, bool [N], of splits of which only some examples serve probes."""

_UNUSED_OPTIONS = ("labels", "label_type", "split", "split_folders", "split_seed")


def check(rest: str) -> None:
    """Any name may be a pattern; whether the shards exist is checked when they are opened."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of shards without reading images."""
    _refuse_unused(options, rest)
    folder, info = find_shards(rest)
    resizing = _resizing(info, options)
    return Description(
        name=f"shards:{rest}",
        image_shape=(resizing.side, resizing.side, 3),
        splits=info.splits,
        folder=folder,
        ready=True,
        bytes_needed=0,
        seconds_needed=0.0,
    )


def open_dataset(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> "Shards":
    """Open shards; images are read when they are needed."""
    return Shards(rest, data_dir, options)


class Shards(Dataset):
    """Images in shards, with the splits and labels that they were written with.

    Args:
        pattern: A folder, or a pattern that all shards in it match, e.g. `photos/*.tfrecord`.
        data_dir: Folder that all datasets are kept in, and decoded images are cached in; by default
            `TFDS_DATA_DIR` or `~/tensorflow_datasets`.
        options: Size of the images, and how many are read at the same time.

    Raises:
        InputError: If files are missing or damaged, or an option concerns labels or splits.

    Example:
        >>> open_dataset("shards:photos/*.tfrecord").class_names
        ('cat', 'dog')
    """

    def __init__(self, pattern: str, data_dir: str | os.PathLike | None, options: DataOptions):
        _refuse_unused(options, pattern)
        folder, info = find_shards(pattern)
        self._resizing = _resizing(info, options)
        self._index = read_index(folder, info)
        reader = ShardReader(folder, [*info.shards], self._index)
        self._stored = EncodedRawSplit(
            reader.read, info.images, info.contents, reader.name_of, threads=options.parallel_reads
        )
        self._images = functools.cache(self._read_images)
        self.name = f"shards:{pattern}"
        self.image_shape = (self._resizing.side, self._resizing.side, 3)
        self.task = info.task
        self.label = info.label
        self.class_names = info.class_names
        self.splits = info.splits
        self.fingerprint = self._fingerprint()
        self.cache_dir = decoded_folder(data_root(data_dir))

    def split(self, name: str, cache: Cache = "auto") -> Split:
        """The examples of a split, in the order that they were written in.

        Args:
            name: One of `splits`.
            cache: `auto` and `none`: read from the shards and decoded at each use; `memory`:
                decoded once in each process; `disk`: decoded once and mapped from a file.
        """
        if name not in self.splits:
            raise InputError("split must be known", got=repr(name), accepted=", ".join(self.splits))
        check_cache(cache)
        images = self._images("none" if cache == "auto" else cache)
        return Split(Subset(images, self._index.rows[name]), self._index.labels[name])

    def probe_mask(self, split: Split) -> np.ndarray:
        """Which examples of a split serve probes, bool [N]: those that did when it was written."""
        mask = super().probe_mask(split)
        return mask & np.asarray(split.labels.get(SERVES_PROBES, True), np.bool_)

    def _read_images(self, cache: Cache) -> Images:
        if cache == "none":
            return self._stored.indexed(self._resizing)
        spec = {"image": ((self._stored.count, *self.image_shape), np.uint8)}
        digest = short_digest(self._stored.digest, self._resizing.key)
        folder = self.cache_dir / f"shards-{digest}"
        return decoded_split(spec, self._fill, folder, cache).images

    def _fill(self, arrays: Arrays) -> None:
        row = 0
        with ProgressBar(f"Decoding {self.name}", self._stored.count) as bar:
            for block in self._stored.blocks(self._resizing):
                arrays["image"][row : row + len(block)] = block
                row += len(block)
                bar.update(row)

    def _fingerprint(self) -> str:
        rows, labels = self._index.rows, self._index.labels
        parts = [rows[split].tobytes() for split in sorted(rows)]
        for split in sorted(labels):
            parts += [name.encode() + label_bytes(v) for name, v in sorted(labels[split].items())]
        return short_digest(
            VERSION, self._stored.digest, self.class_names, self._resizing.key, *parts
        )


def _resizing(info: Info, options: DataOptions) -> Resizing:
    return Resizing.of(options, info.side, info.shorter_side)


def _refuse_unused(options: DataOptions, pattern: str) -> None:
    defaults = DataOptions()
    for name in _UNUSED_OPTIONS:
        if getattr(options, name) != getattr(defaults, name):
            raise InputError(
                f"{flag(name)} belongs where shards are written",
                got=f"{getattr(options, name)} with shards:{pattern}",
                accepted="the labels and splits that are in the shards",
            )
