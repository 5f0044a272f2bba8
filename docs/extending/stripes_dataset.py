"""A kind of dataset of your own: `stripes:COUNT`, images of stripes, across or down."""

import functools
import os
import sys

import numpy as np

from tfdeepsim.commands import train
from tfdeepsim.data import KINDS, Kind
from tfdeepsim.data.array_dataset import ArrayDataset, describe_splits, divide_raw_splits
from tfdeepsim.data.dataset import Dataset, Description
from tfdeepsim.data.paths import data_root, decoded_folder
from tfdeepsim.data.raw_splits.raw_split import ArrayRawSplit
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

SIDE, CLASSES = 64, ("across", "down")


def check(rest: str) -> None:
    """Check what follows the colon of the name."""
    if not rest.isdecimal() or int(rest) < 20:
        raise InputError("stripes:COUNT is a number of images", got=rest, accepted="20 or more")


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known without making the images; the arguments are those of `open_dataset`."""
    _, splits, resizing = _parts(rest, options)
    return describe_splits(f"stripes:{rest}", data_root(data_dir), splits, resizing)


def open_dataset(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Dataset:
    """The dataset; its images are made when they are needed."""
    raw_splits, splits, resizing = _parts(rest, options)
    folder = decoded_folder(data_root(data_dir))
    return ArrayDataset(f"stripes:{rest}", raw_splits, splits, resizing, folder, CLASSES)


def _parts(rest: str, options: DataOptions):
    labels = np.arange(int(rest)) % 2
    load, shape = functools.partial(make_images, labels), (len(labels), SIDE, SIDE, 3)
    raw_splits = {"train": ArrayRawSplit(load, shape, lambda: "stripes, version 1", labels)}
    splits = divide_raw_splits(raw_splits, options, test=None, class_names=CLASSES)
    return raw_splits, splits, Resizing.of(options, SIDE)


def make_images(labels: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    waves = np.sin(np.arange(SIDE) / 4 + rng.uniform(0, 6, (len(labels), 1))) * 127 + 128
    images = np.broadcast_to(waves[:, None, :, None], (len(labels), SIDE, SIDE, 3)).astype(np.uint8)
    return np.where(labels[:, None, None, None] == 0, images.swapaxes(1, 2), images)


KINDS["stripes"] = Kind("stripes:COUNT", (":",), __name__)
if __name__ == "__main__":
    sys.exit(train.main())
