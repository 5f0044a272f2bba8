"""Curves and images of a run for TensorBoard."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.pixels import to_bytes, to_floats
from tfdeepsim.run import RunDirectory


class RunTensorBoard(keras.callbacks.TensorBoard):
    """Writes the curves of all logs, and a grid of images after each epoch.

    Args:
        run: Run directory; events are written to its folders `train` and `validation`.
        grid: Function of the model and `images` that returns the grid, uint8 [rows, columns, H, W,
            C].
        images: uint8 images that the grid is computed from.
        title: Title of the grid.

    Example:
        >>> callback = RunTensorBoard(run, lambda model, images: images[None], images)
        >>> model.fit(batches, callbacks=[callback])
    """

    def __init__(
        self,
        run: RunDirectory,
        grid: Callable[[keras.Model, np.ndarray], np.ndarray],
        images: np.ndarray,
        title: str = "originals over reconstructions",
    ):
        super().__init__(run.path, write_graph=False)
        self.grid = grid
        self.images = images
        self.title = title

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        grid = self.grid(self.model, self.images)
        rows, columns, height, width, channels = grid.shape
        grid = grid.transpose(0, 2, 1, 3, 4).reshape(1, rows * height, columns * width, channels)
        with self._val_writer.as_default():
            tf.summary.image(self.title, grid, step=epoch)


def reconstruct(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Reconstruct or regenerate a few images with the generator of `model`.

    Args:
        model: A `DeePSiM`.
        images: uint8 [n, H, W, C].

    Returns:
        uint8 [n, H, W, C].
    """
    generated = model(tf.constant(to_floats(images)), training=False)["image"]
    # A model that has diverged returns NaN, which is shown black.
    return to_bytes(np.nan_to_num(generated))
