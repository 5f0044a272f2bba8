"""Embeddings of a representation, computed once and kept as memory-mapped files."""

import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import rich.console
import rich.progress

from tfdeepsim.data.dataset import Splits
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing, slug, write_json
from tfdeepsim.lock import locked
from tfdeepsim.representations.representation import Representation


def embeddings_of(
    representation: Representation, dataset_name: str, splits: Splits, split_names: Sequence[str]
) -> dict[str, np.ndarray]:
    """The embeddings of all images of some split_names.

    They are kept in `<folder>/embeddings/<dataset>/<split>.npy`, whole or not at all. What is there
    already is used, unless it is of another encoder or of other data, as `origin.json` beside it
    tells.

    Args:
        representation: What embeds.
        dataset_name: As the command line spells it; names the folder.
        splits: Of that dataset; a split that is embedded already is not read.
        split_names: Names of split_names.

    Returns:
        Split to float32 [N, Z], memory-mapped, in the order of its images.

    Raises:
        InputError: If the representation cannot embed these images, or its embeddings are not
            finite.
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
    """Leave in `folder` only what has this origin, and nothing that an interrupted process left
    behind."""
    record = folder / "origin.json"
    try:
        same = json.loads(record.read_text()) == origin
    except (OSError, ValueError):
        same = False
    if not same:
        record.unlink(
            missing_ok=True
        )  # first, so that the rest never passes for embeddings of this origin
        shutil.rmtree(folder, ignore_errors=True)
        write_json(record, origin)
    for leftover in folder.glob(".*/"):
        shutil.rmtree(leftover)


def _load(folder: Path, split: str, count: int) -> np.ndarray | None:
    """The embeddings of a split, or None if they are not there or not whole."""
    try:
        array = np.load(folder / f"{split}.npy", mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return array if array.ndim == 2 and len(array) == count and array.dtype == np.float32 else None


def _write(
    representation: Representation, splits: Splits, split_names: Sequence[str], folder: Path
) -> None:
    counts = {split: len(splits[split].images) for split in split_names}
    with _progress() as bar:
        task = bar.add_task(f"embedding with {representation.name}", total=sum(counts.values()))
        blocks = representation.embed(splits, split_names)
        for split, group in itertools.groupby(blocks, key=lambda pair: pair[0]):
            with replacing(folder / f"{split}.npy") as new:
                rows = (block for _, block in group)
                _write_split(
                    f"{representation.name} on {split}",
                    rows,
                    counts[split],
                    new,
                    lambda n: bar.advance(task, n),
                )


def _write_split(
    what: str, blocks: Iterable[np.ndarray], count: int, path: Path, done: Callable[[int], object]
) -> None:
    """Write the `count` rows of a split as they come; `done` is told how many."""
    array = None
    row = 0
    for block in blocks:
        block = np.asarray(block)
        _check(what, block, row, None if array is None else array.shape[1])
        if array is None:
            array = _create(path, (count, block.shape[1]))
        if row + len(block) > count:
            row += len(block)
            break
        array[row : row + len(block)] = block
        row += len(block)
        done(len(block))
    if array is None or row != count:
        raise InputError(
            "an encoder gives one embedding an image",
            got=f"{row} or more for {count} images from {what}",
            accepted="as many rows as images",
        )
    array.flush()


def _check(what: str, block: np.ndarray, row: int, width: int | None) -> None:
    if block.ndim != 2 or not block.shape[1] or width not in (None, block.shape[1]):
        raise InputError(
            "an encoder gives one vector an image, always of the same length",
            got=f"shape {list(block.shape)} from {what}"
            + (f" after vectors of {width}" if width else ""),
            accepted="[images, length]",
        )
    finite = np.isfinite(block).all(axis=1)
    if not finite.all():
        raise InputError(
            "embeddings must be finite",
            got=f"NaN or infinity from {what}, first for image {row + int(np.argmin(finite))}",
            accepted="numbers for every image; for an external encoder see its input range",
        )


def _create(path: Path, shape: tuple[int, int]) -> np.memmap:
    array = np.lib.format.open_memmap(path, "w+", np.float32, shape)
    if hasattr(os, "posix_fallocate"):  # a disk that turned out full later would kill the process
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


def _progress() -> rich.progress.Progress:
    console = rich.console.Console(stderr=True)
    return rich.progress.Progress(console=console, transient=True, disable=not console.is_terminal)
