"""Features of the training images: computed once and kept in a file, where they never change."""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import tensorflow as tf

from tfdeepsim.batches import batch_slices
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.pixels import to_floats
from tfdeepsim.progress import ProgressBar
from tfdeepsim.run import RunDirectory

SHARE = 0.5
"""Share of free memory, and of the free disk, that `--keep-features auto` takes at most."""


class KeptFeatures:
    """What a comparator returns for training images, kept for all epochs of a run.

    Args:
        comparator: Frozen map from images to one tensor of features, or to a list of them.
        count: Number of images, as far as it is known before they are read.
        image_shape: Height, width and channels.
        batch_size: Number of images of a batch.

    Example:
        >>> kept = KeptFeatures(comparator, 6750, (64, 64, 3), batch_size=64)
        >>> [layer.shape for layer in kept.arrays(RunDirectory("runs/pae"), images)]
        [(6750, 7, 7, 192)]
    """

    def __init__(self, comparator: Any, count: int, image_shape: Sequence[int], batch_size: int):
        spec = tf.TensorSpec([None, *image_shape], tf.float32)
        self._function = tf.function(comparator, input_signature=[spec])
        outputs = self._function.get_concrete_function().structured_outputs
        self._layers = [
            (tuple(layer.shape[1:]), layer.dtype.as_numpy_dtype)
            for layer in tf.nest.flatten(outputs)
        ]
        self._count = count
        self._batch_size = batch_size

    @property
    def bytes(self) -> int:
        """Size of the features of all images."""
        return sum(self._sizes())

    def _sizes(self) -> list[int]:
        return [
            self._count * math.prod(shape) * np.dtype(kind).itemsize for shape, kind in self._layers
        ]

    def fits(self, run: RunDirectory) -> bool:
        """Whether the features take at most `SHARE` of the free memory and of the free disk."""
        free = min(psutil.virtual_memory().available, free_disk(run.path))
        return self.bytes <= SHARE * free

    def arrays(self, run: RunDirectory, images: Images) -> list[np.ndarray]:
        """The features of each layer, [N, ...], mapped from files that are written if they do not
        exist yet.

        Args:
            run: Run directory that holds the files.
            images: uint8 [N, H, W, C].

        Raises:
            InputError: If the disk has no room for them.
        """
        self._count = len(images)
        if not self._is_complete(run.kept_features):
            self._write(run, images)
        return [
            np.memmap(run.kept_features / str(number), kind, "r", shape=(self._count, *shape))
            for number, (shape, kind) in enumerate(self._layers)
        ]

    def _is_complete(self, folder: Path) -> bool:
        files = [folder / str(number) for number in range(len(self._layers))]
        return all(
            file.is_file() and file.stat().st_size == size
            for file, size in zip(files, self._sizes(), strict=True)
        )

    def _write(self, run: RunDirectory, images: Images) -> None:
        if self.bytes > (free := free_disk(run.path)):
            raise InputError(
                "kept features must fit on the disk",
                got=f"{self.bytes / 1e9:.1f} GB for {run.path}, where {free / 1e9:.1f} GB are free",
                accepted="--keep-features off",
            )
        bar = ProgressBar("Computing features of training images", len(images))
        with replacing(run.kept_features) as new, bar:
            new.mkdir()
            # Not through a map of the file: on a full disk, writing to one kills the process.
            for rows in batch_slices(len(images), self._batch_size):
                batch = to_floats(np.asarray(images[rows]))
                for number, layer in enumerate(tf.nest.flatten(self._function(batch))):
                    with open(new / str(number), "ab") as file:
                        file.write(layer.numpy().tobytes())
                bar.advance(rows.stop - rows.start)


def free_disk(path: Path) -> int:
    """Bytes that are free where `path` is, or will be."""
    return shutil.disk_usage(next(p for p in (path, *path.absolute().parents) if p.exists())).free
