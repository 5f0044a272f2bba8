"""LLv2 as one of the kinds of datasets: frames of LunarLander, labelled with the lander's position.
TensorFlow and the simulator are imported only when frames are read or simulated."""

import os
from collections.abc import Iterator

import numpy as np

from tfdeepsim.data.cache import Arrays, decoded_split
from tfdeepsim.data.dataset import Cache, Dataset, Description
from tfdeepsim.data.llv2 import making
from tfdeepsim.data.llv2.folder import check_complete, fingerprint, is_made, llv2_folder
from tfdeepsim.data.llv2.frame import SIDE
from tfdeepsim.data.llv2.size import NAMED, Size, parse
from tfdeepsim.data.paths import damaged, data_root
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions, flag

_FEATURES: dict[str, tuple[tuple[int, ...], type]] = {
    "image": ((SIDE, SIDE, 3), np.uint8),
    "position": ((2,), np.float32),
    "state": ((8,), np.float32),
    "on_screen": ((), np.bool_),
    "episode": ((), np.int64),
    "step": ((), np.int64),
    "terminated": ((), np.bool_),
}

# The size of LLv2 alone decides what its frames and splits are.
_UNUSED_OPTIONS = ("resize", "crop", "shorter_side", "labels", "split", "split_seed")


def check(rest: str) -> None:
    """Raises InputError if `rest` spells no size."""
    _size(rest)


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of LLv2 of a size without simulating it.

    Raises:
        InputError: If it was simulated but is not complete.
    """
    _check_options(options)
    size = _size(rest)
    folder = llv2_folder(size, data_dir)
    ready = is_made(folder)
    if ready:
        check_complete(folder, size)
    return Description(
        name=spelling(size),
        image_shape=Llv2Dataset.image_shape,
        splits=size.splits,
        folder=folder,
        ready=ready,
        bytes_needed=0 if ready else making.bytes_needed(size),
        seconds_needed=0 if ready else making.seconds_needed(size),
    )


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> "Llv2Dataset":
    """Open LLv2 of a size; simulate it first if its folder does not exist."""
    _check_options(options)
    size = _size(rest)
    if not is_made(llv2_folder(size, data_dir)):
        from tfdeepsim.data.llv2.llv2 import Llv2

        Llv2(config=size.name, data_dir=data_root(data_dir)).download_and_prepare()
    return Llv2Dataset(size, data_dir)


class Llv2Dataset(Dataset):
    """Frames of LunarLander, labelled with the lander's position.

    The label `position` is x and y, float32 [N, 2], where the landing pad is (0, 0) and the screen
    is x in [-1, 1] and y in about [-0.5, 1.5]. The other labels are those of the builder `Llv2`.

    Args:
        size: Which LLv2. It must have been simulated.
        data_dir: Folder that all datasets are kept in; by default `TFDS_DATA_DIR` or
            `~/tensorflow_datasets`.

    Raises:
        InputError: If the folder of the dataset is not complete.

    Example:
        >>> dataset = open_dataset("llv2/quickstart")
        >>> dataset.split("test").labels["position"].shape
        (7500, 2)
    """

    image_shape = (SIDE, SIDE, 3)
    task = "regression"
    label = "position"

    def __init__(self, size: Size, data_dir: str | os.PathLike | None = None):
        self.folder = llv2_folder(size, data_dir)
        check_complete(self.folder, size)
        self.name = spelling(size)
        self.splits = size.splits
        self.fingerprint = fingerprint(self.folder)
        self.cache_dir = self.folder / "decoded"

    def split(self, name: str, cache: Cache = "auto") -> Split:
        """The frames of a split in the order of its records, which is shuffled, the same each
        time."""
        if name not in self.splits:
            raise InputError(
                "split must be one of LLv2's", got=repr(name), accepted=", ".join(self.splits)
            )
        count = self.splits[name]
        spec = {feature: ((count, *shape), dtype) for feature, (shape, dtype) in _FEATURES.items()}
        return decoded_split(
            spec, lambda arrays: self._read(name, arrays), self.cache_dir / name, cache
        )

    def probe_mask(self, split: Split) -> np.ndarray:
        """Which frames show the lander; Pihlgren et al. 2020 dropped the others."""
        return split.labels["on_screen"]

    def _read(self, name: str, arrays: Arrays) -> None:
        row = 0
        for batch in self._batches(name):
            rows = slice(row, row + len(batch["image"]))
            for feature, array in arrays.items():
                array[rows] = batch[feature]
            row = rows.stop
        if row != self.splits[name]:
            raise damaged(self.folder, f"{name} holds {row} examples")

    def _batches(self, name: str) -> Iterator[dict[str, np.ndarray]]:
        import tensorflow as tf

        from tfdeepsim.data.llv2.records import batches

        try:
            yield from batches(sorted(self.folder.glob(f"llv2-{name}.tfrecord-*")), _FEATURES)
        except tf.errors.OpError as error:
            raise damaged(self.folder, error.message.partition("\n")[0]) from error


def spelling(size: Size) -> str:
    """How the command line spells LLv2 of a size."""
    return "llv2" if size == NAMED["small"] else f"llv2/{size.name}"


def _size(rest: str) -> Size:
    return parse(rest or "small")


def _check_options(options: DataOptions) -> None:
    defaults = DataOptions()
    for name in _UNUSED_OPTIONS:
        if getattr(options, name) != getattr(defaults, name):
            raise InputError(
                f"{flag(name)} is for image files",
                got=f"{getattr(options, name)} with llv2",
                accepted="llv2 without it; frames and splits follow from llv2/SIZE",
            )
    if options.image_size not in (None, SIDE):
        raise InputError("LLv2's frames have one size", got=options.image_size, accepted=SIDE)
