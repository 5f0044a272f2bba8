"""Datasets whose images come in parts: each is read once, and split by its rows."""

import dataclasses
import functools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from tqdm.auto import tqdm

from tfdeepsim.data.cache import Arrays, decoded
from tfdeepsim.data.dataset import SPLITS, Cache, Dataset, Description
from tfdeepsim.data.digests import combined
from tfdeepsim.data.raw_splits.raw_split import Part
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.splits.divide import divide
from tfdeepsim.data.splits.split import Images, Split
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.errors import InputError
from tfdeepsim.files import slug
from tfdeepsim.options import DataOptions

SplitRows = dict[str, tuple[str, np.ndarray]]
"""Of each split, the part that it lies in, and its rows there, int64 and ascending."""

LABEL = "label"
"""What the label is called."""


class Counted(Protocol):
    """What must be known of a part to split it."""

    @property
    def count(self) -> int:
        """Number of images."""

    @property
    def labels(self) -> np.ndarray | None:
        """Class ids or numbers; None where there are none, or they are not known yet."""


@dataclasses.dataclass(frozen=True)
class Count:
    """A part of which no more is known than how many images it has."""

    count: int
    labels: np.ndarray | None = None


def only_counted(counts: Mapping[str, int]) -> dict[str, Count]:
    """Parts, by name, of which nothing else is known."""
    return {name: Count(count) for name, count in counts.items()}


def split_parts(
    parts: Mapping[str, Counted],
    options: DataOptions,
    *,
    encoders: str = "train",
    probes: str = "train",
    validation: str | None = None,
    test: str | None = "test",
    class_names: Sequence[str] = (),
) -> SplitRows:
    """The five splits: validation, and test if need be, are cut off what is trained on, class by
    class.

    Args:
        parts: By name.
        options: Shares and seed.
        encoders: The part that encoders are trained on.
        probes: The part that probes are trained on.
        validation: The part to validate on; None if there is none.
        test: The part to score on; None if there is none.
        class_names: Of the class ids, for errors.

    Raises:
        InputError: If `options.split` does not suit, or a class has too few images.
    """
    if validation is not None and test is not None:
        names = (encoders, validation, probes, validation, test)
        return whole_parts(parts, options, dict(zip(SPLITS, names, strict=True)))
    shares = options.shares(own_test=test is not None)

    def cut(part: str) -> list[tuple[str, np.ndarray]]:
        rows = divide(
            parts[part].count, shares, options.split_seed, parts[part].labels, class_names
        )
        return [(part, some) for some in rows]

    of_encoders, of_probes = cut(encoders), cut(probes)
    tested = of_probes[2] if test is None else (test, np.arange(parts[test].count))
    return dict(zip(SPLITS, (*of_encoders[:2], *of_probes[:2], tested), strict=True))


def whole_parts(
    parts: Mapping[str, Counted], options: DataOptions, names: Mapping[str, str] | None = None
) -> SplitRows:
    """The five splits, where each is a part as it is.

    Args:
        parts: By name.
        options: Must not ask for shares.
        names: The part of each split; None if parts are named after splits.

    Raises:
        InputError: If `options.split` is given.
    """
    if options.split is not None:
        raise InputError(
            "--split is for datasets without splits of their own",
            got=f"{options.split}, where training, validation and test are there",
            accepted="the same without --split",
        )
    of_split = names or {split: split for split in SPLITS}
    return {split: (part, np.arange(parts[part].count)) for split, part in of_split.items()}


def description(
    name: str, folder: Path, splits: SplitRows, view: Resizing, cost: tuple[float, float] = (0, 0)
) -> Description:
    """What is known of a dataset that is not opened.

    Args:
        name: As the command line spells it.
        folder: Its folder or file.
        splits: Subset of its parts.
        view: What an encoder sees of an image.
        cost: Bytes on disk and seconds that it takes to make it, about; zeros if it is there.
    """
    return Description(
        name=name,
        image_shape=(view.side, view.side, 3),
        splits={split: len(rows) for split, (_, rows) in splits.items()},
        folder=folder,
        made=not any(cost),
        bytes_needed=int(cost[0]),
        seconds_needed=cost[1],
    )


class ArrayDataset(Dataset):
    """Images in parts, and splits that are rows of them.

    Labels are class ids, int64 [N], or numbers, float32 [N, K], under the name `label`.

    Args:
        name: As the command line spells it.
        parts: By name.
        splits: Subset of the parts.
        view: What an encoder sees of an image.
        cache_dir: Folder for decoded images.
        class_names: Of the class ids.
    """

    def __init__(
        self,
        name: str,
        parts: Mapping[str, Part],
        splits: SplitRows,
        view: Resizing,
        cache_dir: Path,
        class_names: tuple[str, ...] = (),
    ):
        self.name = name
        self.image_shape = (view.side, view.side, 3)
        self.splits = {split: len(rows) for split, (_, rows) in splits.items()}
        self.task = task_of(parts[splits["probe_train"][0]].labels)
        self.label = LABEL if self.task else None
        self.class_names = class_names
        self._parts = parts
        self._rows = splits
        self._view = view
        self._cache_dir = cache_dir
        self._images = functools.cache(self._read)
        self.fingerprint = self._fingerprint()

    def source(self, split: str, cache: Cache = "auto") -> Split:
        """The examples of a split, in the order of their files.

        `auto` decodes into memory where there is room, else into files; images that need no
        decoding are used where they are.
        """
        if split not in self._rows:
            raise InputError(
                f"split must be one of {self.name}'s",
                got=repr(split),
                accepted=", ".join(self._rows),
            )
        part, rows = self._rows[split]
        whole = self.part(part, cache)
        labels = {name: values[rows] for name, values in whole.labels.items()}
        return Split(Subset(whole.images, rows), labels)

    def part(self, name: str, cache: Cache = "auto") -> Split:
        """All examples of a part, whichever splits they are in."""
        labels = self._parts[name].labels
        return Split(self._images(name, cache), {} if labels is None else {LABEL: labels})

    @property
    def is_indexed(self) -> bool:
        """Whether a few images can be read without decoding all."""
        return all(part.is_indexed for part in self._parts.values())

    def _read(self, name: str, cache: Cache) -> Images:
        part = self._parts[name]
        if (cache == "none" and part.is_indexed) or part.is_ready(self._view, cache):
            return part.indexed(self._view)
        spec = {"image": ((part.count, *self.image_shape), np.uint8)}
        folder = (
            self._cache_dir / f"{slug(self.name)}-{name}-{combined(part.digest, self._view.key)}"
        )
        return decoded(spec, functools.partial(self._fill, name), folder, cache).images

    def _fill(self, name: str, arrays: Arrays) -> None:
        part, images, row = self._parts[name], arrays["image"], 0
        seldom = 0.2 if sys.stderr.isatty() else 10
        described = f"decoding {self.name} {name}"
        with tqdm(
            total=part.count, desc=described, unit=" images", delay=2, mininterval=seldom
        ) as bar:
            for block in part.blocks(self._view):
                if row + len(block) <= part.count:
                    images[row : row + len(block)] = block
                row += len(block)
                bar.update(len(block))
        if row != part.count:
            raise InputError(
                f"files of {self.name} must hold what they announce",
                got=f"{row:,} images in {name}",
                accepted=f"{part.count:,}",
            )

    def _fingerprint(self) -> str:
        used = {
            part: self._parts[part] for part in sorted({part for part, _ in self._rows.values()})
        }
        digests = {name: part.digest for name, part in used.items()}
        places = [(split, part) for split, (part, _) in self._rows.items()]
        rows = [rows.tobytes() for _, rows in self._rows.values()]
        labels = [b"" if part.labels is None else part.labels.tobytes() for part in used.values()]
        return combined(digests, places, self._view.key, self.class_names, *rows, *labels)


def task_of(labels: np.ndarray | None) -> Literal["classification", "regression"] | None:
    """What a probe does with labels: class ids are integers, all else is numbers."""
    if labels is None:
        return None
    return "classification" if np.issubdtype(labels.dtype, np.integer) else "regression"


def refuse_labels(options: DataOptions, name: str) -> None:
    """Raises InputError if labels from a CSV are asked for, where a dataset has its own."""
    if options.labels is not None:
        raise InputError(
            "--labels is for image files",
            got=f"{options.labels} with {name}",
            accepted=f"{name} without it",
        )
