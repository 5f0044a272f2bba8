"""Writing of shards from any dataset."""

import contextlib
import glob
import hashlib
import io
import re
import shutil
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL.Image
import tensorflow as tf

from tfdeepsim.batches import batch_slices
from tfdeepsim.data.dataset import SPLITS, Cache, Dataset, Splits
from tfdeepsim.data.shards import index as shard_index
from tfdeepsim.data.shards import info as shard_info
from tfdeepsim.data.shards.dataset import SERVES_PROBES
from tfdeepsim.data.shards.index import Index, write_index
from tfdeepsim.data.shards.info import ENDING, Info, ShardSize
from tfdeepsim.errors import InputError
from tfdeepsim.files import TEMPORARY, replacing, write_json
from tfdeepsim.folders import check_known, refuse_links
from tfdeepsim.lock import locked
from tfdeepsim.options import DataOptions
from tfdeepsim.progress import ProgressBar

SHARD_BYTES = 128 * 2**20
"""Size of a shard, which its last image exceeds."""

_BEFORE, _AFTER = 12, 4
"""Bytes of a TFRecord before and after its data: length and checksums."""
_THREADS = 16
"""Number of files that are read at the same time: also slow disks are busy then."""
_TOGETHER = 32
"""Number of images that are in memory at the same time."""
_SHARD_NAME = re.compile(r"\d{5}-of-\d{5}\.tfrecord")


def check_target(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that must not be written, before anything that takes time.

    Args:
        folder: Folder to write shards to.
        overwrite: Whether shards in it may be replaced.

    Raises:
        InputError: If it exists and is not to be replaced, or holds other files than shards.
    """
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and overwrite)):
        raise InputError(
            "shards are written to a new folder",
            got=f"{folder}, which exists",
            accepted="another --to-shards FOLDER, or --overwrite to replace the shards in it",
        )
    if folder.exists():
        refuse_links(folder)
        ours = [path.name for path in folder.iterdir() if _SHARD_NAME.fullmatch(path.name)]
        check_known(folder, [*ours, shard_info.NAME, shard_index.NAME])


def check_sizes(dataset: Dataset, options: DataOptions) -> None:
    """Refuse ways of resizing that shards do not keep, since they hold image files as they are.

    Args:
        dataset: The dataset.
        options: Options that it was opened with.

    Raises:
        InputError: If it is made of files, and they are to be tiled, mirrored or stretched.
    """
    if _is_of_files(dataset) and (options.resize, options.crop) != ("bilinear", "center"):
        raise InputError(
            "shards hold image files as they are, which are resized where they are used",
            got=f"--resize {options.resize} --crop {options.crop} with --to-shards",
            accepted="these flags where the shards are used",
        )


def write_shards(
    dataset: Dataset,
    folder: Path,
    cache: Cache = "auto",
    *,
    overwrite: bool = False,
    shard_bytes: int = SHARD_BYTES,
) -> Info:
    """Write the images of a dataset, with its splits and labels, completely or not at all.

    Each record is an image file as it is, or a PNG of an image that is no file.

    Args:
        dataset: The dataset.
        folder: Folder to write.
        cache: Where images that are no files are kept meanwhile.
        overwrite: Whether shards in it may be replaced.
        shard_bytes: Size of a shard, which its last image exceeds.

    Returns:
        What was written.

    Raises:
        InputError: If the folder may not be written, images cannot be read, or there is no room.

    Example:
        >>> info = write_shards(open_dataset("folder:photos"), Path("shards"))
        >>> open_dataset("shards:shards").splits == info.splits
        True
    """
    try:
        with locked(folder):
            check_target(folder, overwrite)
            for leftover in folder.parent.glob(f".{glob.escape(folder.name)}.*{TEMPORARY}"):
                shutil.rmtree(leftover)
            with replacing(folder) as new:
                new.mkdir()
                return _write(dataset, new, cache, shard_bytes)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise InputError(
            "shards are written where there is room",
            got=f"{folder} ({reason})",
            accepted="--to-shards FOLDER on a disk with room, where this user may write",
        ) from error


def _write(dataset: Dataset, folder: Path, cache: Cache, shard_bytes: int) -> Info:
    is_files = _is_of_files(dataset)
    splits = Splits(dataset, "none" if is_files else cache)
    rows, fresh = _numbered(dataset)
    count = sum(map(len, fresh.values()))
    with (
        ProgressBar(f"Writing {count:,} images of {dataset.name} to shards", count) as bar,
        contextlib.closing(_Writer(folder, count, shard_bytes)) as writer,
    ):
        for split in SPLITS:
            for data in _encoded(dataset, splits, split, fresh[split]):
                writer.write(data)
                bar.advance()
    index = Index(**writer.places, rows=rows, labels=_labels(dataset, splits))
    info = Info(
        dataset=dataset.name,
        fingerprint=dataset.fingerprint,
        side=dataset.image_shape[0],
        shorter_side=dataset.shorter_side if is_files else None,
        task=dataset.task,
        label=dataset.label,
        class_names=dataset.class_names,
        splits={split: dataset.splits[split] for split in SPLITS},
        shards=writer.named(),
        contents=writer.digest.hexdigest()[:16],
        index=write_index(folder, index),
    )
    write_json(folder / shard_info.NAME, info.to_json())
    return info


def _is_of_files(dataset: Dataset) -> bool:
    return all(dataset.stored(split).read_file for split in SPLITS)


def _numbered(dataset: Dataset) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Images are numbered in the order of the splits, each once.

    Returns:
        The numbers of the images of each split, int64 [M]; and the places in each split of the
        images that no split before it has.
    """
    numbers: dict[str, np.ndarray] = {}
    rows, fresh, count = {}, {}, 0
    for split in SPLITS:
        store, stored, _ = dataset.stored(split)
        known = numbers.get(store, np.zeros(0, np.int64))
        known = np.pad(known, (0, max(0, int(stored.max()) + 1 - len(known))), constant_values=-1)
        fresh[split] = np.flatnonzero(known[stored] < 0)
        known[stored[fresh[split]]] = np.arange(count, count + len(fresh[split]))
        count += len(fresh[split])
        numbers[store], rows[split] = known, known[stored]
    return rows, fresh


def _encoded(dataset: Dataset, splits: Splits, split: str, places: np.ndarray) -> Iterator[bytes]:
    """The image files at some places of a split, in order; read or encoded in parallel."""
    _, rows, read_file = dataset.stored(split)
    with ThreadPoolExecutor(_THREADS) as threads:
        for part in batch_slices(len(places), _TOGETHER):
            if read_file is not None:
                yield from threads.map(read_file, rows[places[part]].tolist())
            else:
                yield from threads.map(_png, splits[split].images[places[part]])


def _png(image: np.ndarray) -> bytes:
    data = io.BytesIO()
    PIL.Image.fromarray(image).save(data, "PNG")
    return data.getvalue()


def _labels(dataset: Dataset, splits: Splits) -> dict[str, dict[str, np.ndarray]]:
    labels = {}
    for name in SPLITS:
        split = splits[name]
        labels[name] = {label: np.asarray(values) for label, values in split.labels.items()}
        mask = dataset.probe_mask(split) if dataset.task else np.ones(1, np.bool_)
        if not mask.all():
            labels[name][SERVES_PROBES] = mask
    return labels


class _Writer:
    """Writes records to one shard after another, and notes where they lie."""

    def __init__(self, folder: Path, count: int, shard_bytes: int):
        self.digest = hashlib.sha256()
        self.places = {name: np.zeros(count, dtype) for name, dtype in shard_index.PLACES.items()}
        self._folder = folder
        self._shard_bytes = shard_bytes
        self._sizes: list[ShardSize] = []
        self._row = self._first = self._end = 0
        self._file: tf.io.TFRecordWriter | None = None

    def write(self, data: bytes) -> None:
        if self._file is None:
            self._file = tf.io.TFRecordWriter(str(self._folder / str(len(self._sizes))))
            self._first, self._end = self._row, 0
        self._file.write(data)
        place = (len(self._sizes), self._end + _BEFORE, len(data), zlib.crc32(data))
        for values, value in zip(self.places.values(), place, strict=True):
            values[self._row] = value
        self.digest.update(len(data).to_bytes(8, "little") + data)
        self._row += 1
        self._end += _BEFORE + len(data) + _AFTER
        if self._end >= self._shard_bytes:
            self.close()

    def close(self) -> None:
        """End the current shard."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()
            self._sizes.append(ShardSize(self._end, self._row - self._first))

    def named(self) -> dict[str, ShardSize]:
        """Give the shards their names, which tell how many there are."""
        sizes = {}
        for number, size in enumerate(self._sizes):
            name = f"{number:05}-of-{len(self._sizes):05}{ENDING}"
            (self._folder / str(number)).rename(self._folder / name)
            sizes[name] = size
        return sizes
