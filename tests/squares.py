"""A small dataset in memory: squares of two colours at random places."""

import numpy as np

from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError

COLOURS = ((200, 120, 40), (40, 120, 200))
COUNTS = {
    "encoder_train": 48,
    "encoder_validation": 8,
    "probe_train": 40,
    "probe_validation": 16,
    "test": 20,
}


def squares(size, seed, side=64):
    """uint8 [size, side, side, 3], class ids, corners."""
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 12, (size, side, side, 3)).astype(np.uint8)
    corners = generator.integers(0, side - 24, (size, 2))
    classes = np.arange(size) % 2
    for image, (x, y), kind in zip(images, corners, classes, strict=True):
        image[y : y + 24, x : x + 24] = COLOURS[kind]
    return images, classes.astype(np.int64), corners.astype(np.float32)


class Squares(Dataset):
    """Squares, labelled with their colour or their place; the last image of each split serves no
    probe."""

    def __init__(self, task="classification", side=64, fingerprint="squares", counts=COUNTS):
        self.name = "squares"
        self.image_shape = (side, side, 3)
        self.task = task
        self.label = {"classification": "class", "regression": "corner", None: None}[task]
        self.splits = counts
        self.fingerprint = fingerprint
        self.reads = []

    def split(self, name, cache="auto"):
        if name not in self.splits:
            raise InputError("split must be known", got=name, accepted=", ".join(self.splits))
        self.reads.append(name)
        number = list(self.splits).index(name)
        images, classes, corners = squares(self.splits[name], number, self.image_shape[0])
        return Split(images, {"class": classes, "corner": corners} if self.task else {})

    def probe_mask(self, split):
        return np.arange(len(split.images)) < len(split.images) - 1


def open_squares(**options):
    """The splits of `Squares`."""
    return Splits(Squares(**options))
