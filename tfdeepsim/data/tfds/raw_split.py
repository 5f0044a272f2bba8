"""Splits of TensorFlow Datasets as raw splits."""

import contextlib
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tfdeepsim.data.digests import REMEMBERED_FROM, file_digest, short_digest
from tfdeepsim.data.images.decode import Undecodable, decode
from tfdeepsim.data.labels import probe_labels
from tfdeepsim.data.paths import damaged, decoded_folder, remembered_digests
from tfdeepsim.data.raw_splits.raw_split import BLOCK, RawSplit
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.numpy_files import read_npy

IMAGE = "image"


class TfdsRawSplit(RawSplit):
    """A split that a builder has prepared, in the order of its records.

    Args:
        builder: A builder whose data is prepared, with a feature `image`.
        split: Name of the split.
        root: Folder that all datasets are kept in, where checksums are remembered.

    Example:
        >>> TfdsRawSplit(tfds.builder("cifar10"), "train", data_root()).count
        50000
    """

    def __init__(self, builder: tfds.core.DatasetBuilder, split: str, root: Path):
        self.count = builder.info.splits[split].num_examples
        self.labels = None
        self._builder = builder
        self._split = split
        self._root = root

    @property
    def digest(self) -> str:
        """A checksum of the prepared files."""
        files = sorted(map(Path, self._builder.info.splits[self._split].filepaths))
        remembered = remembered_digests(self._root)
        try:
            return short_digest(*(file_digest(path, remembered) for path in files))
        except OSError as error:
            folder = Path(self._builder.data_dir)
            raise damaged(folder, f"{error.filename}: {error.strerror}") from error

    def blocks(self, resizing: Resizing) -> Iterator[np.ndarray]:
        """All images in order, resized; JPEGs and PNGs are decoded in parallel."""

        def decoded(data: bytes) -> np.ndarray:
            return decode(data, resizing)

        files = self._values(IMAGE, {IMAGE: tfds.decode.SkipDecoding()})
        try:
            with ThreadPoolExecutor() as threads:
                while block := list(itertools.islice(files, BLOCK)):
                    yield np.stack(list(threads.map(decoded, block)))
        except Undecodable as error:
            folder = Path(self._builder.data_dir)
            raise damaged(folder, f"an image of {self._split}: {error}") from error

    def read_labels(self, name: str) -> np.ndarray:
        """The values of a feature, in order. Those of large splits are cached in a file, since
        reading them means reading all records."""
        is_small = self._builder.info.splits[self._split].num_bytes < REMEMBERED_FROM
        digest = short_digest(self.digest, name)
        path = decoded_folder(self._root) / f"labels-{self._builder.name}-{digest}.npy"
        with contextlib.suppress(OSError, ValueError):
            return read_npy(path)
        values = np.stack(list(self._values(name)))
        if not is_small:
            with contextlib.suppress(OSError), replacing(path) as new, open(new, "wb") as file:
                np.save(file, values)
        return values

    def _values(self, name: str, decoders: dict | None = None) -> Iterator:
        records = self._builder.as_dataset(
            split=self._split,
            shuffle_files=False,
            read_config=tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False),
            decoders=tfds.decode.PartialDecoding({name: True}, decoders=decoders),
        )
        try:
            for record in records.as_numpy_iterator():
                yield record[name]
        except tf.errors.OpError as error:
            raise damaged(Path(self._builder.data_dir), error.message.partition("\n")[0]) from error


def image_side(builder: tfds.core.DatasetBuilder) -> int | None:
    """Height and width in pixels of the images of a builder; None if they are not square, or have
    different sizes.

    Raises:
        InputError: If the builder has no images.
    """
    features = builder.info.features
    feature = features[IMAGE] if IMAGE in (features or ()) else None
    if not isinstance(feature, tfds.features.Image) or feature.np_dtype not in (
        np.uint8,
        np.uint16,
    ):
        raise InputError(
            "the dataset needs a feature `image` of 8 or 16 bits",
            got=f"tfds:{builder.name} with {', '.join(features or ())}",
            accepted="a builder of images",
        )
    height, width, _ = feature.shape
    return height if height == width else None


def read_raw_splits(
    builder: tfds.core.DatasetBuilder, root: Path
) -> tuple[dict[str, RawSplit], tuple[str, ...]]:
    """All splits of a builder, with labels if it has some.

    Labels are the feature `label`, or else the one that the builder names as supervised; a split
    whose labels are all -1 has none.

    Args:
        builder: A builder whose data is prepared.
        root: Folder that all datasets are kept in, where checksums are remembered.

    Returns:
        Raw splits by name, and the names of the classes, if they have any.

    Raises:
        InputError: If the builder has no images, or labels of a form that probes do not take.
    """
    image_side(builder)
    raw_splits = {
        name: TfdsRawSplit(builder, name, root)
        for name, info in builder.info.splits.items()
        if info.num_examples
    }
    label = _label_feature(builder)
    if label is None:
        return {**raw_splits}, ()
    values = {name: raw_split.read_labels(label) for name, raw_split in raw_splits.items()}
    known = {name: of_split for name, of_split in values.items() if not _are_secret(of_split)}
    feature = builder.info.features[label]
    names: tuple[str, ...] = ()
    if isinstance(feature, tfds.features.ClassLabel):
        labels = {name: of_split.astype(np.int64) for name, of_split in known.items()}
        _check_ids(builder, labels)
        names = tuple(feature.names)
        names = () if names == tuple(map(str, range(len(names)))) else names
    else:
        labels, names = probe_labels(known) if known else ({}, ())
    for name, of_split in labels.items():
        raw_splits[name].labels = of_split
    return {**raw_splits}, names


def _label_feature(builder: tfds.core.DatasetBuilder) -> str | None:
    features, supervised = builder.info.features, builder.info.supervised_keys or ()
    for name in ("label", *supervised[1:2]):
        feature = features[name] if isinstance(name, str) and name in features else None
        if not isinstance(feature, tfds.features.Tensor) or isinstance(
            feature, tfds.features.Image
        ):
            continue
        is_number = np.issubdtype(feature.np_dtype, np.number) or feature.np_dtype == np.bool_
        if is_number and len(feature.shape) <= 1 and None not in feature.shape:
            return name
    return None


def _are_secret(labels: np.ndarray) -> bool:
    return labels.dtype.kind == "i" and bool((labels == -1).all())


def _check_ids(builder: tfds.core.DatasetBuilder, labels: dict[str, np.ndarray]) -> None:
    for split, ids in labels.items():
        if ids.min() < 0:
            count = f"{np.sum(ids < 0):,} of {len(ids):,} without in {split}"
            raise InputError(
                "each image of a split must have a label, or none",
                got=f"tfds:{builder.name} with {count}",
                accepted="a builder whose splits are labelled throughout",
            )
