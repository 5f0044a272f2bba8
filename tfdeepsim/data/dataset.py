"""What every dataset gives, whatever it is made of."""

import abc
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from tfdeepsim.data.source import Source

Cache = Literal["auto", "memory", "disk"]
"""Where decoded images are kept: `auto` is memory if they take less than half of what is free there."""


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

    Encoders are trained on `encoder_train` and chosen by `encoder_validation`; probes are trained on
    `probe_train`, chosen by `probe_validation`, and scored once on `test`.

    Attributes:
        name: As the command line spells it.
        image_shape: Height, width, channels.
        task: What a probe does, `regression` or `classification`.
        label: The label that a probe predicts.
        splits: Number of examples of each split.
        fingerprint: A short name of the data itself, for records of runs.
    """

    name: str
    image_shape: tuple[int, int, int]
    task: Literal["regression", "classification"]
    label: str
    splits: Mapping[str, int]
    fingerprint: str

    @abc.abstractmethod
    def source(self, split: str, cache: Cache = "auto") -> Source:
        """The examples of a split, always in the same order.

        Args:
            split: One of `splits`.
            cache: Where decoded images are kept.

        Raises:
            InputError: If there is no such split, or its files are damaged.
        """

    def probe_mask(self, source: Source) -> np.ndarray:
        """Which examples serve probes, bool [N]; by default all."""
        return np.ones(len(source.images), np.bool_)
