"""A split of any dataset as a `tf.data.Dataset`."""

import os
from typing import Any

import tensorflow as tf

from tfdeepsim.data import open_dataset as open_splits
from tfdeepsim.data.dataset import SPLITS
from tfdeepsim.data.pipeline import batches
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

SHORT = {"train": "encoder_train", "validation": "encoder_validation"}
"""Names of splits as users of TensorFlow Datasets spell them."""
READ_AT_ONCE = 64
"""Number of examples that are read together for a dataset without batches."""


def open_dataset(
    name: str,
    split: str = "train",
    *,
    batch_size: int | None = None,
    shuffle: bool = False,
    seed: int = 0,
    data_dir: str | os.PathLike | None = None,
    **options: Any,
) -> tf.data.Dataset:
    """Open one split of a dataset.

    Args:
        name: Name of the dataset as on the command line, e.g. `llv2`, `folder:photos`,
            `zip:photos.zip`, `npz:images.npz` or `tfds:cifar10`.
        split: `train`, `validation`, `test`, or a name of the project: `encoder_train` (which
            `train` stands for), `encoder_validation`, `probe_train`, `probe_validation`, `test`.
        batch_size: Number of examples of a batch, the last of which may be smaller; None for
            single examples.
        shuffle: Whether each pass has another order, drawn from all examples.
        seed: Seed of the orders.
        data_dir: Folder that holds datasets and decoded images; None for that of TensorFlow
            Datasets.
        **options: Fields of `DataOptions`, which are flags of the command line too: `image_size`,
            `labels`, `split_seed` and others.

    Returns:
        Dictionaries with `image`, float32 [H, W, 3] in [0, 1], and the labels, if there are any:
        `label`, a class id int64 [] or numbers float64 [K]; `position` float32 [2] and others of
        `llv2`. With a batch size all have a batch axis.

    Raises:
        InputError: If there is no such dataset or split, or an option cannot be met.

    Example:
        >>> images = tds.open_dataset("npz:images.npz", "train", batch_size=8, data_dir=".")
        >>> next(iter(images))["image"].shape
        TensorShape([8, 64, 64, 3])
    """
    if split not in SHORT and split not in SPLITS:
        raise InputError("unknown split", got=repr(split), accepted=", ".join((*SHORT, *SPLITS)))
    if batch_size is not None and batch_size < 1:
        raise InputError("batch_size must be 1 or more", got=batch_size, accepted="for example 64")
    place = None if data_dir is None else os.fspath(data_dir)
    settings = DataOptions(dataset=name, data_dir=place, **options)
    examples = open_splits(name, place, settings).split(SHORT.get(split, split), settings.cache)
    shuffle_seed = seed if shuffle else None
    dataset = batches(examples, batch_size or READ_AT_ONCE, shuffle_seed)
    return dataset if batch_size else dataset.unbatch()
