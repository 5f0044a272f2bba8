"""Embeddings of a representation, computed once and stored as memory-mapped files."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from tfdeepsim.data.dataset import Splits
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, replacing, slug, write_json
from tfdeepsim.lock import locked
from tfdeepsim.numpy_files import DamagedArrays, read_npy
from tfdeepsim.progress import ProgressBar
from tfdeepsim.representations.representation import Representation


def embeddings_of(
    representation: Representation, dataset_name: str, splits: Splits, split_names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Embeddings of all images of some splits, computed unless they are stored already.

    They are stored in `<folder>/embeddings/<dataset>/<split>.npy`; a file is written completely or
    not at all. `origin.json` beside them names the encoder and the data: embeddings of another
    encoder or of other data are discarded.

    Args:
        representation: The representation that embeds.
        dataset_name: Name of the dataset as on the command line; names the folder.
        splits: Splits of that dataset; a split whose embeddings are stored is not read.
        split_names: Which splits to embed.

    Returns:
        For each split float32 [N, Z], memory-mapped, in the order of its images.

    Raises:
        InputError: If the representation cannot embed these images, or an embedding is not finite.
    """
    folder = representation.folder.embeddings / slug(dataset_name)
    counts = splits.dataset.splits
    representation.write_record()
    with locked(folder):
        _discard_others(
            folder, {"encoder": representation.identity, "dataset": splits.dataset.fingerprint}
        )
        missing = [split for split in split_names if _load(folder, split, counts[split]) is None]
        if missing:
            _write(representation, splits, missing, folder)
    embeddings = {split: _load(folder, split, counts[split]) for split in split_names}
    return {split: array for split, array in embeddings.items() if array is not None}


def _discard_others(folder: Path, origin: dict[str, str]) -> None:
    """Discard embeddings of another origin, and what an interrupted process left behind."""
    record = folder / "origin.json"
    try:
        same = read_json(record) == origin
    except InputError:
        same = False
    if not same:
        # The record goes first: without it, what remains is never taken for embeddings of `origin`.
        record.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        write_json(record, origin)
    for leftover in folder.glob(".*/"):
        shutil.rmtree(leftover)


def _load(folder: Path, split: str, count: int) -> np.ndarray | None:
    """The stored embeddings of a split; None if they are missing or incomplete."""
    try:
        array = read_npy(folder / f"{split}.npy", mapped=True)
    except (OSError, DamagedArrays):
        return None
    return array if array.ndim == 2 and len(array) == count and array.dtype == np.float32 else None


def _write(
    representation: Representation, splits: Splits, split_names: Sequence[str], folder: Path
) -> None:
    counts = {split: len(splits[split].images) for split in split_names}
    with ProgressBar(f"Embedding with {representation.name}", sum(counts.values())) as bar:
        batches = representation.embed(splits, split_names)
        for split, group in itertools.groupby(batches, key=lambda pair: pair[0]):
            with replacing(folder / f"{split}.npy") as path:
                _write_split(
                    f"{representation.name} on {split}",
                    (embeddings for _, embeddings in group),
                    counts[split],
                    path,
                    bar.advance,
                )


def _write_split(
    source: str,
    batches: Iterable[np.ndarray],
    count: int,
    path: Path,
    progress: Callable[[int], object],
) -> None:
    """Write the `count` embeddings of a split.

    Args:
        source: Encoder and split in words, for errors.
        batches: The embeddings, [n, Z] each.
        count: Number of images.
        path: File to write.
        progress: Called with the number of rows of each batch that was written.
    """
    array = None
    row = 0
    for batch in batches:
        batch = np.asarray(batch)
        _check(source, batch, row, None if array is None else array.shape[1])
        if array is None:
            array = _create(path, (count, batch.shape[1]))
        if row + len(batch) > count:
            row += len(batch)
            break
        array[row : row + len(batch)] = batch
        row += len(batch)
        progress(len(batch))
    if array is None or row != count:
        raise InputError(
            "an encoder returns one embedding per image",
            got=f"{row} or more for {count} images from {source}",
            accepted="as many rows as images",
        )
    array.flush()


def _check(source: str, batch: np.ndarray, row: int, length: int | None) -> None:
    """Check a batch whose first image is number `row`, after embeddings of `length` numbers."""
    if batch.ndim != 2 or not batch.shape[1] or length not in (None, batch.shape[1]):
        raise InputError(
            "an encoder returns one vector per image, always of the same length",
            got=f"shape {list(batch.shape)} from {source}"
            + (f" after vectors of {length}" if length else ""),
            accepted="[images, length]",
        )
    finite = np.isfinite(batch).all(axis=1)
    if not finite.all():
        raise InputError(
            "embeddings must be finite",
            got=f"NaN or infinity from {source}, first for image {row + int(np.argmin(finite))}",
            accepted="numbers for every image; for an external encoder see its input range",
        )


def _create(path: Path, shape: tuple[int, int]) -> np.memmap:
    array = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    if hasattr(os, "posix_fallocate"):
        # Writing to a mapped file on a full disk kills the process; reserving space raises OSError.
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
