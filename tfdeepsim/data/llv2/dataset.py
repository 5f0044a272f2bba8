"""LLv2 behind the interface that all datasets share."""

import os
from collections.abc import Iterator

import numpy as np

from tfdeepsim.data.cache import Arrays, decoded
from tfdeepsim.data.dataset import Cache, Dataset, Description
from tfdeepsim.data.llv2 import making
from tfdeepsim.data.llv2.folder import check_whole, damaged, fingerprint, is_made, place, root
from tfdeepsim.data.llv2.frame import SIDE
from tfdeepsim.data.llv2.size import NAMED, Size
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError

_FEATURES: dict[str, tuple[tuple[int, ...], type]] = {
    "image": ((SIDE, SIDE, 3), np.uint8),
    "position": ((2,), np.float32),
    "state": ((8,), np.float32),
    "on_screen": ((), np.bool_),
    "episode": ((), np.int64),
    "step": ((), np.int64),
    "terminated": ((), np.bool_),
}


class Llv2Dataset(Dataset):
    """Frames of LunarLander, labelled with the lander's position.

    The label `position` is x and y as float32 [N, 2], where the landing pad is (0, 0) and the
    screen is x in [-1, 1] and y in about [-0.5, 1.5]. The other labels are those of the builder
    `Llv2`.

    Args:
        size: Which LLv2. It must have been made.
        data_dir: Of all datasets; by default `TFDS_DATA_DIR` or `~/tensorflow_datasets`.

    Raises:
        InputError: If the folder is not whole.
    """

    image_shape = (SIDE, SIDE, 3)
    task = "regression"
    label = "position"

    def __init__(self, size: Size, data_dir: str | os.PathLike | None = None):
        self._size = size
        self._data_dir = root(data_dir)
        self.folder = place(size, data_dir)
        check_whole(self.folder, size)
        self.name = spelling(size)
        self.splits = size.splits
        self.fingerprint = fingerprint(self.folder)

    def source(self, split: str, cache: Cache = "auto") -> Split:
        """The frames of a split in the order of its records, which is shuffled, the same each
        time."""
        if split not in self.splits:
            raise InputError(
                "split must be one of LLv2's", got=repr(split), accepted=", ".join(self.splits)
            )
        count = self.splits[split]
        spec = {name: ((count, *shape), dtype) for name, (shape, dtype) in _FEATURES.items()}
        return decoded(
            spec, lambda arrays: self._read(split, arrays), self.folder / "decoded" / split, cache
        )

    def probe_mask(self, source: Split) -> np.ndarray:
        """Which frames show the lander: [P] dropped the others."""
        return source.labels["on_screen"]

    def _read(self, split: str, arrays: Arrays) -> None:
        row = 0
        for batch in self._batches(split):
            rows = slice(row, row + len(batch["image"]))
            for name, array in arrays.items():
                array[rows] = batch[name]
            row = rows.stop
        if row != self.splits[split]:
            raise damaged(self.folder, f"{split} holds {row} examples")

    def _batches(self, split: str) -> Iterator[dict[str, np.ndarray]]:
        import tensorflow as tf

        from tfdeepsim.data.llv2.records import batches

        try:
            yield from batches(sorted(self.folder.glob(f"llv2-{split}.tfrecord-*")), _FEATURES)
        except tf.errors.OpError as error:
            raise damaged(self.folder, error.message.partition("\n")[0]) from error


def spelling(size: Size) -> str:
    """How the command line spells LLv2 of this size."""
    return "llv2" if size == NAMED["small"] else f"llv2/{size.name}"


def describe(size: Size, data_dir: str | os.PathLike | None = None) -> Description:
    """What is known of LLv2 of this size without making it.

    Raises:
        InputError: If it was made but is not whole.
    """
    folder = place(size, data_dir)
    made = is_made(folder)
    if made:
        check_whole(folder, size)
    return Description(
        name=spelling(size),
        image_shape=Llv2Dataset.image_shape,
        splits=size.splits,
        folder=folder,
        made=made,
        bytes_needed=0 if made else making.bytes_needed(size),
        seconds_needed=0 if made else making.seconds_needed(size),
    )
