"""Embeddings of a contender, computed once and kept as memory-mapped files."""

import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import rich.console
import rich.progress

from tfdeepsim.contenders.contender import Contender
from tfdeepsim.data.dataset import Sources
from tfdeepsim.data.lock import locked
from tfdeepsim.errors import InputError
from tfdeepsim.run import replacing, slug, write_json


def embeddings_of(
    contender: Contender, dataset_name: str, sources: Sources, splits: Sequence[str]
) -> dict[str, np.ndarray]:
    """The embeddings of all images of some splits.

    They are kept in `<folder>/embeddings/<dataset>/<split>.npy`, whole or not at all. What is there already
    is used, unless it is of another encoder or of other data, as `origin.json` beside it tells.

    Args:
        contender: What embeds.
        dataset_name: As the command line spells it; names the folder.
        sources: Of that dataset; a split that is embedded already is not read.
        splits: Names of splits.

    Returns:
        Split to float32 [N, Z], memory-mapped, in the order of its images.

    Raises:
        InputError: If the contender cannot embed these images, or its embeddings are not finite.
    """
    folder = contender.folder.embeddings / slug(dataset_name)
    counts = sources.dataset.splits
    contender.write_record()
    with locked(folder):
        _discard_others(folder, {"encoder": contender.identity, "dataset": sources.dataset.fingerprint})
        missing = [split for split in splits if _load(folder, split, counts[split]) is None]
        if missing:
            _write(contender, sources, missing, folder)
    embeddings = {split: _load(folder, split, counts[split]) for split in splits}
    return {split: array for split, array in embeddings.items() if array is not None}


def _discard_others(folder: Path, origin: dict[str, str]) -> None:
    """Leave in `folder` only what has this origin, and nothing that an interrupted process left behind."""
    record = folder / "origin.json"
    try:
        same = json.loads(record.read_text()) == origin
    except (OSError, ValueError):
        same = False
    if not same:
        record.unlink(missing_ok=True)  # first, so that the rest never passes for embeddings of this origin
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


def _write(contender: Contender, sources: Sources, splits: Sequence[str], folder: Path) -> None:
    counts = {split: len(sources[split].images) for split in splits}
    with _progress() as bar:
        task = bar.add_task(f"embedding with {contender.name}", total=sum(counts.values()))
        blocks = contender.embed(sources, splits)
        for split, group in itertools.groupby(blocks, key=lambda pair: pair[0]):
            with replacing(folder / f"{split}.npy") as new:
                rows = (block for _, block in group)
                _write_split(
                    f"{contender.name} on {split}", rows, counts[split], new, lambda n: bar.advance(task, n)
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
            got=f"shape {list(block.shape)} from {what}" + (f" after vectors of {width}" if width else ""),
            accepted="[images, length]",
        )
    finite = np.isfinite(block).all(axis=1)
    if not finite.all():
        raise InputError(
            "embeddings must be finite",
            got=f"NaN or infinity from {what}, first for image {row + int(np.argmin(finite))}",
            accepted="numbers for every image; for a foreign encoder see its input range",
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
