"""Splits of TensorFlow Datasets as parts of a dataset."""

import contextlib
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tfdeepsim.data.digests import REMEMBERED_FROM, combined, file_digest
from tfdeepsim.data.images.decode import Undecodable, decode
from tfdeepsim.data.labels import tidy
from tfdeepsim.data.llv2.folder import damaged
from tfdeepsim.data.raw_splits.raw_split import BLOCK, Part
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing

IMAGE = "image"


class TfdsPart(Part):
    """A split that a builder has prepared, in the order of its records.

    Args:
        builder: Prepared, with a feature `image`.
        split: Its name.
        root: Folder of all datasets, where checksums are noted.
    """

    def __init__(self, builder: tfds.core.DatasetBuilder, split: str, root: Path):
        self.count = builder.info.splits[split].num_examples
        self.labels = None
        self._builder = builder
        self._split = split
        self._kept = root / "decoded"

    @property
    def digest(self) -> str:
        """Of the files that were prepared."""
        files = sorted(map(Path, self._builder.info.splits[self._split].filepaths))
        try:
            return combined(*(file_digest(path, self._kept / "digests.json") for path in files))
        except OSError as error:
            raise damaged(
                Path(self._builder.data_dir), f"{error.filename}: {error.strerror}"
            ) from error

    def blocks(self, view: Resizing) -> Iterator[np.ndarray]:
        """All images in order; JPEGs and PNGs are decoded in parallel."""

        def show(data: bytes) -> np.ndarray:
            return decode(data, view)

        files = self._values(IMAGE, {IMAGE: tfds.decode.SkipDecoding()})
        try:
            with ThreadPoolExecutor() as threads:
                while block := list(itertools.islice(files, BLOCK)):
                    yield np.stack(list(threads.map(show, block)))
        except Undecodable as error:
            raise damaged(
                Path(self._builder.data_dir), f"an image of {self._split}: {error}"
            ) from error

    def read_labels(self, name: str) -> np.ndarray:
        """The values of a feature, in order; those of large splits are kept, since all records are
        read."""
        small = self._builder.info.splits[self._split].num_bytes < REMEMBERED_FROM
        path = self._kept / f"labels-{self._builder.name}-{combined(self.digest, name)}.npy"
        with contextlib.suppress(OSError, ValueError):
            return np.load(path, allow_pickle=False)
        values = np.stack(list(self._values(name)))
        if not small:
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
    """Height and width of the images of a builder; None if they are not square, or not all alike.

    Raises:
        InputError: If it has no images.
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


def parts_of(
    builder: tfds.core.DatasetBuilder, root: Path
) -> tuple[dict[str, Part], tuple[str, ...]]:
    """All splits of a builder, with labels where it has them.

    Labels are the feature `label`, or what the builder calls supervised; a split whose labels are
    all -1 has none.

    Args:
        builder: Prepared.
        root: Folder of all datasets, where checksums are noted.

    Returns:
        Parts by split, and the names of the classes, if they have any.

    Raises:
        InputError: If it has no images, or its labels are of a strange form.
    """
    image_side(builder)
    parts = {
        name: TfdsPart(builder, name, root)
        for name, info in builder.info.splits.items()
        if info.num_examples
    }
    label = _label(builder)
    if label is None:
        return {**parts}, ()
    values = {name: part.read_labels(label) for name, part in parts.items()}
    known = {name: of_part for name, of_part in values.items() if not _unknown(of_part)}
    feature = builder.info.features[label]
    names: tuple[str, ...] = ()
    if isinstance(feature, tfds.features.ClassLabel):
        labels = {name: of_part.astype(np.int64) for name, of_part in known.items()}
        _check_ids(builder, labels)
        names = tuple(feature.names)
        names = () if names == tuple(map(str, range(len(names)))) else names
    else:
        labels, names = tidy(known) if known else ({}, ())
    for name, of_part in labels.items():
        parts[name].labels = of_part
    return {**parts}, names


def _label(builder: tfds.core.DatasetBuilder) -> str | None:
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


def _unknown(values: np.ndarray) -> bool:
    return values.dtype.kind == "i" and bool((values == -1).all())


def _check_ids(builder: tfds.core.DatasetBuilder, labels: dict[str, np.ndarray]) -> None:
    for split, values in labels.items():
        if values.min() < 0:
            raise InputError(
                "each image of a split must have a label, or none",
                got=f"tfds:{builder.name} with {np.sum(values < 0):,} of {len(values):,} without in {split}",
                accepted="a builder whose splits are labelled throughout",
            )
