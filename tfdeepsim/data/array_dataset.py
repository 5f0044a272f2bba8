"""Datasets whose images come in raw splits: each is read once, and divided by its rows."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from tfdeepsim.data.cache import Arrays, decoded_split
from tfdeepsim.data.dataset import SPLITS, Cache, Dataset, Description, StoredImages
from tfdeepsim.data.digests import short_digest
from tfdeepsim.data.labels import label_bytes
from tfdeepsim.data.raw_splits.raw_split import RawSplit
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.splits.divide import divide
from tfdeepsim.data.splits.split import LABEL, Images, Split
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.errors import InputError
from tfdeepsim.files import slug
from tfdeepsim.options import DataOptions
from tfdeepsim.progress import ProgressBar

SplitRows = dict[str, tuple[str, np.ndarray]]
"""For each split: the name of the raw split that its images are in, and their rows there, int64,
ascending."""


@dataclasses.dataclass(frozen=True)
class RawSplitSize:
    """Number of images of a raw split that is not opened, and its labels if they are known.

    Attributes:
        count: Number of images, N.
        labels: Class ids, int64 [N]; None if there are none, or they are not known yet.

    Example:
        >>> RawSplitSize(5000).count
        5000
    """

    count: int
    labels: np.ndarray | None = None


RawSplits = Mapping[str, RawSplit] | Mapping[str, RawSplitSize]
"""Raw splits by name, opened or not: all that must be known to divide them."""


def sizes_of(counts: Mapping[str, int]) -> dict[str, RawSplitSize]:
    """Raw splits, by name, of which only the number of images is known."""
    return {name: RawSplitSize(count) for name, count in counts.items()}


def divide_raw_splits(
    raw_splits: RawSplits,
    options: DataOptions,
    *,
    encoders: str = "train",
    probes: str = "train",
    validation: str | None = None,
    test: str | None = "test",
    class_names: Sequence[str] = (),
) -> SplitRows:
    """Take the five splits from raw splits; a validation or test set that does not exist is taken
    from the training images, in equal shares of each class.

    Args:
        raw_splits: Raw splits by name.
        options: Shares of the splits, and the seed of the division.
        encoders: Name of the raw split that encoders are trained on.
        probes: Name of the raw split that probes are trained on.
        validation: Name of the raw split to validate on; None if there is none.
        test: Name of the raw split to test on; None if there is none.
        class_names: Names of the class ids, for messages.

    Raises:
        InputError: If `options.split` does not suit the dataset, or a class has too few images.
    """
    if validation is not None and test is not None:
        names = (encoders, validation, probes, validation, test)
        return use_raw_splits(raw_splits, options, dict(zip(SPLITS, names, strict=True)))
    shares = options.shares(own_test=test is not None)

    def divided(name: str) -> list[tuple[str, np.ndarray]]:
        raw_split = raw_splits[name]
        rows = divide(raw_split.count, shares, options.split_seed, raw_split.labels, class_names)
        return [(name, of_split) for of_split in rows]

    encoder_splits, probe_splits = divided(encoders), divided(probes)
    test_split = probe_splits[2] if test is None else (test, np.arange(raw_splits[test].count))
    return dict(zip(SPLITS, (*encoder_splits[:2], *probe_splits[:2], test_split), strict=True))


def use_raw_splits(
    raw_splits: RawSplits, options: DataOptions, names: Mapping[str, str] | None = None
) -> SplitRows:
    """Take each of the five splits from a raw split as it is.

    Args:
        raw_splits: Raw splits by name.
        options: Options, which must not request shares.
        names: Name of the raw split of each split; None if raw splits are named after splits.

    Raises:
        InputError: If `options.split` is given.
    """
    if options.split is not None:
        raise InputError(
            "--split is for datasets without splits of their own",
            got=f"{options.split} with a dataset that has training, validation and test images",
            accepted="no --split",
        )
    raw_names = names or {split: split for split in SPLITS}
    return {split: (raw, np.arange(raw_splits[raw].count)) for split, raw in raw_names.items()}


def describe_splits(
    name: str,
    folder: Path,
    splits: SplitRows,
    resizing: Resizing,
    cost: tuple[float, float] = (0, 0),
    note: str = "",
) -> Description:
    """Describe a dataset that is not opened.

    Args:
        name: Name as the command line spells it.
        folder: Folder or file that the dataset lies in.
        splits: Rows of the five splits.
        resizing: How images are resized.
        cost: Approximate bytes on disk and seconds until the dataset is ready; zeros if it is.
        note: What differs from the dataset as its authors divided it.
    """
    return Description(
        name=name,
        image_shape=(resizing.side, resizing.side, 3),
        splits={split: len(rows) for split, (_, rows) in splits.items()},
        folder=folder,
        ready=not any(cost),
        bytes_needed=int(cost[0]),
        seconds_needed=cost[1],
        note=note,
    )


def encoder_part(raw_splits: RawSplits, options: DataOptions, own: str) -> str:
    """The raw split that encoders are trained on.

    Args:
        raw_splits: Raw splits by name, as far as their files are there.
        options: Options, of which `encoder_part` names it.
        own: The one that the authors of the dataset made for this, without labels that are used.

    Raises:
        InputError: If the dataset has no such part, or its file is missing.
    """
    if options.encoder_part == "auto":
        return own if own in raw_splits else "train"
    if options.encoder_part not in raw_splits:
        raise InputError(
            f"--encoder-part names a part of {options.dataset} whose file is there",
            got=options.encoder_part,
            accepted=", ".join(name for name in (own, "train") if name in raw_splits),
        )
    return options.encoder_part


def encoder_part_note(part: str, own: str) -> str:
    """A sentence for the plan if encoders are not trained on the part made for them."""
    return "" if part == own else f"encoders learn from {part} without its labels, not from {own}"


class ArrayDataset(Dataset):
    """Images in raw splits, and splits that are rows of them.

    Labels are class ids, int64 [N], or numbers, float64 [N, K], under the name `label`.

    Args:
        name: Name as the command line spells it.
        raw_splits: Raw splits by name.
        splits: Rows of the five splits.
        resizing: How images are resized.
        cache_dir: Folder for decoded images.
        class_names: Names of the class ids.

    Example:
        >>> dataset = open_dataset("svhn")
        >>> dataset.split("test").labels["label"].shape
        (26032,)
    """

    def __init__(
        self,
        name: str,
        raw_splits: Mapping[str, RawSplit],
        splits: SplitRows,
        resizing: Resizing,
        cache_dir: Path,
        class_names: tuple[str, ...] = (),
    ):
        self.name = name
        self.image_shape = (resizing.side, resizing.side, 3)
        self.splits = {split: len(rows) for split, (_, rows) in splits.items()}
        self.task = task_of(raw_splits[splits["probe_train"][0]].labels)
        self.label = LABEL if self.task else None
        self.class_names = class_names
        self.shorter_side = resizing.shorter_side
        self.cache_dir = cache_dir
        self._raw_splits = raw_splits
        self._rows = splits
        self._resizing = resizing
        self._images = functools.cache(self._read_images)
        self.fingerprint = self._fingerprint()

    def split(self, name: str, cache: Cache = "auto") -> Split:
        """The examples of a split, in the order of their files.

        With `auto`, images are decoded into memory if they fit in half of what is free, otherwise
        into files; images that need no decoding are used where they are.
        """
        if name not in self._rows:
            raise InputError(
                f"split must be one of {self.name}'s",
                got=repr(name),
                accepted=", ".join(self._rows),
            )
        raw_name, rows = self._rows[name]
        raw_split = self.raw_split(raw_name, cache)
        labels = {label: values[rows] for label, values in raw_split.labels.items()}
        return Split(Subset(raw_split.images, rows), labels)

    def stored(self, name: str) -> StoredImages:
        """The raw split that the images of a split lie in, and their rows there."""
        raw_name, rows = self._rows[name]
        return StoredImages(raw_name, rows, self._raw_splits[raw_name].read_file)

    def raw_split(self, name: str, cache: Cache = "auto") -> Split:
        """All examples of a raw split, whichever splits they are in."""
        labels = self._raw_splits[name].labels
        return Split(self._images(name, cache), {} if labels is None else {LABEL: labels})

    @property
    def is_indexed(self) -> bool:
        """Whether a few images can be read without decoding all."""
        return all(raw_split.is_indexed for raw_split in self._raw_splits.values())

    def _read_images(self, name: str, cache: Cache) -> Images:
        raw_split, resizing = self._raw_splits[name], self._resizing
        if (cache == "none" and raw_split.is_indexed) or raw_split.is_ready(resizing, cache):
            return raw_split.indexed(resizing)
        spec = {"image": ((raw_split.count, *self.image_shape), np.uint8)}
        digest = short_digest(raw_split.digest, resizing.key)
        folder = self.cache_dir / f"{slug(self.name)}-{name}-{digest}"
        return decoded_split(spec, functools.partial(self._fill, name), folder, cache).images

    def _fill(self, name: str, arrays: Arrays) -> None:
        raw_split, images, row = self._raw_splits[name], arrays["image"], 0
        with ProgressBar(f"Decoding {self.name} {name}", raw_split.count) as bar:
            for block in raw_split.blocks(self._resizing):
                if row + len(block) <= raw_split.count:
                    images[row : row + len(block)] = block
                row += len(block)
                bar.update(row)
        if row != raw_split.count:
            raise InputError(
                f"files of {self.name} must hold as many images as they announce",
                got=f"{row:,} images in {name}",
                accepted=f"{raw_split.count:,}",
            )

    def _fingerprint(self) -> str:
        used = {
            name: self._raw_splits[name] for name in sorted({raw for raw, _ in self._rows.values()})
        }
        digests = {name: raw_split.digest for name, raw_split in used.items()}
        raw_names = [(split, name) for split, (name, _) in self._rows.items()]
        rows = [rows.tobytes() for _, rows in self._rows.values()]
        labels = [b"" if raw.labels is None else label_bytes(raw.labels) for raw in used.values()]
        return short_digest(
            digests, raw_names, self._resizing.key, self.class_names, *rows, *labels
        )


def task_of(labels: np.ndarray | None) -> Literal["classification", "regression"] | None:
    """The task of a probe: to classify integer labels, or to regress numbers; None without
    labels."""
    if labels is None:
        return None
    return "classification" if np.issubdtype(labels.dtype, np.integer) else "regression"


def refuse_labels(options: DataOptions, name: str) -> None:
    """Refuse labels from a CSV file for a dataset that has labels of its own.

    Args:
        options: The options.
        name: Name of the dataset, for the message.

    Raises:
        InputError: If `options.labels` is given.
    """
    if options.labels is not None:
        raise InputError(
            "--labels is for image files",
            got=f"{options.labels} with {name}",
            accepted=f"{name} without it",
        )
