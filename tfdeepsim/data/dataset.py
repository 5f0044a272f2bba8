"""The interface that all datasets share."""

import abc
import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError

Cache = Literal["auto", "memory", "disk", "none"]
"""Where decoded images are kept. `none`: nowhere, they are decoded at each use; `auto`: where it
costs the dataset least."""

SPLITS = ("encoder_train", "encoder_validation", "probe_train", "probe_validation", "test")


@dataclasses.dataclass(frozen=True)
class Description:
    """What is known of a dataset before it is created, downloaded or decoded.

    Attributes:
        name: Name as the command line spells it, e.g. `llv2/paper`.
        image_shape: Height, width and channels of an image.
        splits: Number of examples of each split.
        folder: Folder or file that the dataset lies in, or will lie in.
        ready: Whether the dataset is ready to be read.
        bytes_needed: Approximate size on disk of what opening the dataset writes; 0 if it is ready.
        seconds_needed: Approximate time on this machine until it is ready; 0 if it is ready.
        note: What differs from the dataset as its authors divided it; empty if nothing does.

    Example:
        >>> describe("llv2").splits["test"]
        15000
    """

    name: str
    image_shape: tuple[int, int, int]
    splits: Mapping[str, int]
    folder: Path
    ready: bool
    bytes_needed: int
    seconds_needed: float
    note: str = ""


class StoredImages(NamedTuple):
    """Where the images of a split come from.

    Attributes:
        store: Name of what they lie in; several splits may share it.
        rows: Their rows there, int64 [N].
        read_file: Returns the image file of a row; None if images are not files.

    Example:
        >>> stored = open_dataset("folder:photos").stored("test")
        >>> data = stored.read_file(stored.rows[0])
    """

    store: str
    rows: np.ndarray
    read_file: Callable[[int], bytes] | None = None


class Dataset(abc.ABC):
    """Images, labelled or not, in the five splits that encoders and their probes need.

    Encoders are trained on `encoder_train` and selected by `encoder_validation`; probes are trained
    on `probe_train`, selected by `probe_validation`, and scored once on `test`.

    Attributes:
        name: Name as the command line spells it, e.g. `llv2/paper`.
        image_shape: Height, width and channels of an image.
        task: What a probe does, `regression` or `classification`; None without labels.
        label: The label that a probe predicts, a key of `Split.labels`; None without labels.
        splits: Number of examples of each split.
        fingerprint: Checksum of the data, 16 hexadecimal digits, for records of runs: it changes
            with any image, label, size, crop or split.
        cache_dir: Folder that holds what is cached of the dataset, such as decoded images. It need
            not exist.
        class_names: Names of the class ids 0, 1, ...; empty if classes have no names or there are
            none.
        skipped: Names of image files that were left out, and the reason for each.
        shorter_side: Pixels of the shorter side of image files before they are cropped; None for
            that of `image_shape`.

    Example:
        >>> dataset = open_dataset("llv2/quickstart")
        >>> dataset.split("test").images.shape
        (7500, 64, 64, 3)
    """

    name: str
    image_shape: tuple[int, int, int]
    task: Literal["regression", "classification"] | None
    label: str | None
    splits: Mapping[str, int]
    fingerprint: str
    cache_dir: Path
    class_names: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    shorter_side: int | None = None
    _probe_classes: tuple[int, ...] | None = None

    @abc.abstractmethod
    def split(self, name: str, cache: Cache = "auto") -> Split:
        """The examples of a split, always in the same order.

        Args:
            name: One of `splits`.
            cache: Where decoded images are kept.

        Raises:
            InputError: If there is no such split, or its files are damaged.
        """

    def stored(self, name: str) -> StoredImages:
        """Where the images of a split come from; by default, each split has images of its own."""
        return StoredImages(name, np.arange(self.splits[name]))

    def labelled(self) -> tuple[str, str]:
        """Task and label of a dataset that probes can be trained on.

        Raises:
            InputError: If the dataset has no labels.
        """
        if self.task is None or self.label is None:
            raise InputError(
                "probes need labels",
                got=f"{self.name}, which has none",
                accepted="images in one folder a class, or --labels FILE.csv",
            )
        return self.task, self.label

    def probe_mask(self, split: Split) -> np.ndarray:
        """Which examples of a split serve probes, bool [N]; by default all."""
        if self._probe_classes is None:
            return np.ones(len(split.images), np.bool_)
        return np.isin(split.labels[str(self.label)], self._probe_classes)

    def use_classes(self, names: str) -> None:
        """Restrict probes and the training of comparators to some classes; encoders see all images.

        Args:
            names: Names of two classes or more, separated by commas.

        Raises:
            InputError: If there are no such classes.
        """
        chosen = names.split(",")
        if not set(chosen) <= set(self.class_names) or len(set(chosen)) < 2:
            raise InputError(
                "--probe-classes names classes of the dataset",
                got=names,
                accepted="two or more of " + (", ".join(self.class_names) or "classes with names"),
            )
        self._probe_classes = tuple(self.class_names.index(name) for name in chosen)
        self.fingerprint = hashlib.sha256(
            f"{self.fingerprint} {sorted(self._probe_classes)}".encode()
        ).hexdigest()[:16]


class Splits(Mapping[str, Split]):
    """The splits of a dataset by name; each is read once, when it is first used.

    Args:
        dataset: The dataset.
        cache: Where decoded images are kept.

    Example:
        >>> splits = Splits(open_dataset("llv2"))
        >>> splits["test"].labels["position"].shape
        (15000, 2)
    """

    def __init__(self, dataset: Dataset, cache: Cache = "auto"):
        self.dataset = dataset
        self._read = functools.cache(lambda name: dataset.split(name, cache))

    def __getitem__(self, name: str) -> Split:
        if name not in self.dataset.splits:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.dataset.splits)

    def __len__(self) -> int:
        return len(self.dataset.splits)
