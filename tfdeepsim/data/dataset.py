"""What every dataset gives, whatever it is made of."""

import abc
import dataclasses
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError

Cache = Literal["auto", "memory", "disk", "none"]
"""Where decoded images are kept. `none`: decoded at each use; `auto`: what each dataset finds
cheapest."""

SPLITS = ("encoder_train", "encoder_validation", "probe_train", "probe_validation", "test")


@dataclasses.dataclass(frozen=True)
class Description:
    """What is known of a dataset without making or reading it.

    Attributes:
        name: As the command line spells it.
        image_shape: Height, width, channels.
        splits: Number of examples of each split.
        folder: Where it lies, or will lie.
        made: Whether it is there.
        bytes_needed: What making it takes on disk, about; 0 if it is there.
        seconds_needed: What making it takes on this machine, about; 0 if it is there.
    """

    name: str
    image_shape: tuple[int, int, int]
    splits: Mapping[str, int]
    folder: Path
    made: bool
    bytes_needed: int
    seconds_needed: float


class Dataset(abc.ABC):
    """Labelled images in the five splits that encoders and their probes need.

    Encoders are trained on `encoder_train` and chosen by `encoder_validation`; probes are trained
    on `probe_train`, chosen by `probe_validation`, and scored once on `test`.

    Attributes:
        name: As the command line spells it.
        image_shape: Height, width, channels.
        task: What a probe does, `regression` or `classification`; None where there are no labels.
        label: The label that a probe predicts, a key of `Split.labels`; None where there are none.
        splits: Number of examples of each split.
        fingerprint: A short name of the data itself, for records of runs: it changes with any
            image, label, size, crop or split.
        class_names: Of the class ids 0, 1, ...; empty where classes have no names, or there are
            none.
        skipped: Names of image files that were left out, and why.
    """

    name: str
    image_shape: tuple[int, int, int]
    task: Literal["regression", "classification"] | None
    label: str | None
    splits: Mapping[str, int]
    fingerprint: str
    class_names: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    _used: tuple[int, ...] | None = None

    @abc.abstractmethod
    def source(self, split: str, cache: Cache = "auto") -> Split:
        """The examples of a split, always in the same order.

        Args:
            split: One of `splits`.
            cache: Where decoded images are kept.

        Raises:
            InputError: If there is no such split, or its files are damaged.
        """

    def labelled(self) -> tuple[str, str]:
        """Task and label of a dataset that probes can be trained on.

        Raises:
            InputError: If it has no labels.
        """
        if self.task is None or self.label is None:
            raise InputError(
                "probes need labels",
                got=f"{self.name}, which has none",
                accepted="images in one folder a class, or --labels FILE.csv",
            )
        return self.task, self.label

    def probe_mask(self, source: Split) -> np.ndarray:
        """Which examples serve probes, bool [N]; by default all."""
        if self._used is None:
            return np.ones(len(source.images), np.bool_)
        return np.isin(source.labels[str(self.label)], self._used)

    def use_classes(self, names: str) -> None:
        """Let only some classes serve probes and the training of comparators; encoders see all
        images.

        Args:
            names: Of two classes or more, with commas between them.

        Raises:
            InputError: If there are no such classes.
        """
        wanted = names.split(",")
        if not set(wanted) <= set(self.class_names) or len(set(wanted)) < 2:
            raise InputError(
                "--probe-classes names classes of the dataset",
                got=names,
                accepted="two or more of " + (", ".join(self.class_names) or "classes with names"),
            )
        self._used = tuple(self.class_names.index(name) for name in wanted)
        self.fingerprint = hashlib.sha256(
            f"{self.fingerprint} {sorted(self._used)}".encode()
        ).hexdigest()[:16]


class Splits(Mapping[str, Split]):
    """The splits of a dataset by name; each is read once, when it is first asked for.

    Args:
        dataset: Whose splits.
        cache: Where decoded images are kept.
    """

    def __init__(self, dataset: Dataset, cache: Cache = "auto"):
        self.dataset = dataset
        self._read = functools.cache(lambda split: dataset.source(split, cache))

    def __getitem__(self, split: str) -> Split:
        if split not in self.dataset.splits:
            raise KeyError(split)
        return self._read(split)

    def __iter__(self):
        return iter(self.dataset.splits)

    def __len__(self) -> int:
        return len(self.dataset.splits)
