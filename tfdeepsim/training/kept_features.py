"""Features of the training images: computed once and kept in a file, where they never change."""

import contextlib
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
        run: Run directory that holds them.
        comparator: Frozen map from images to one tensor of features, or to a list of them.
        count: Number of images, as far as it is known before they are read.
        image_shape: Height, width and channels.
        batch_size: Number of images of a batch.

    Example:
        >>> kept = KeptFeatures(run, comparator, 6750, (64, 64, 3), batch_size=64)
        >>> [layer.shape for layer in kept.arrays(images)]
        [(6750, 7, 7, 192)]
    """

    def __init__(
        self,
        run: RunDirectory,
        comparator: Any,
        count: int,
        image_shape: Sequence[int],
        batch_size: int,
    ):
        spec = tf.TensorSpec([None, *image_shape], tf.float32)
        self._function = tf.function(comparator, input_signature=[spec])
        outputs = self._function.get_concrete_function().structured_outputs
        self._layers = [
            (tuple(layer.shape[1:]), layer.dtype.as_numpy_dtype)
            for layer in tf.nest.flatten(outputs)
        ]
        self._count = count
        self._batch_size = batch_size
        self._run = run.path
        self._folder = run.kept_features

    @property
    def bytes(self) -> int:
        """Size of the features of all images."""
        return sum(self._sizes())

    def _sizes(self) -> list[int]:
        return [
            self._count * math.prod(shape) * np.dtype(kind).itemsize for shape, kind in self._layers
        ]

    def of(self, images: tf.Tensor) -> Any:
        """What the comparator returns for images: one tensor, or a tuple of several."""
        layers = tuple(tf.nest.flatten(self._function(images)))
        return layers if len(layers) > 1 else layers[0]

    def fits(self) -> bool:
        """Whether the features take at most `SHARE` of the free memory and of the free disk."""
        free = min(psutil.virtual_memory().available, free_disk(self._run))
        return self.bytes <= SHARE * free

    def arrays(self, images: Images) -> list[np.ndarray]:
        """The features of each layer, [N, ...], mapped from files that are written if they do not
        exist yet.

        Args:
            images: uint8 [N, H, W, C].

        Raises:
            InputError: If the disk has no room for them.
        """
        self._count = len(images)
        if not self._is_complete():
            self._write(images)
        return [
            np.memmap(self._folder / str(number), kind, "r", shape=(self._count, *shape))
            for number, (shape, kind) in enumerate(self._layers)
        ]

    def _is_complete(self) -> bool:
        files = [self._folder / str(number) for number in range(len(self._layers))]
        return all(
            file.is_file() and file.stat().st_size == size
            for file, size in zip(files, self._sizes(), strict=True)
        )

    def _write(self, images: Images) -> None:
        if self.bytes > (free := free_disk(self._run)):
            raise InputError(
                "kept features must fit on the disk",
                got=f"{self.bytes / 1e9:.1f} GB in {self._run}, {free / 1e9:.1f} GB of it free",
                accepted="--keep-features off",
            )
        bar = ProgressBar("Computing features of training images", len(images))
        with replacing(self._folder) as new, bar, contextlib.ExitStack() as opened:
            new.mkdir()
            files = [
                opened.enter_context(open(new / str(number), "wb"))
                for number in range(len(self._layers))
            ]
            # Not through a map of the file: on a full disk, writing to one kills the process.
            for rows in batch_slices(len(images), self._batch_size):
                batch = to_floats(np.asarray(images[rows]))
                for file, layer in zip(files, tf.nest.flatten(self._function(batch)), strict=True):
                    file.write(layer.numpy().tobytes())
                bar.advance(rows.stop - rows.start)


def free_disk(path: Path) -> int:
    """Bytes that are free where `path` is, or will be."""
    return shutil.disk_usage(next(p for p in (path, *path.absolute().parents) if p.exists())).free
