"""What TensorBoard shows of a run."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.run import RunDirectory


class RunTensorBoard(keras.callbacks.TensorBoard):
    """Scalars of every term, and each epoch a grid of images.

    Args:
        run: Events go to its `train` and `validation` folders.
        grid: Model and `images` to the grid, uint8 [rows, columns, H, W, C].
        images: What the grid is made of.
        title: Of the grid.
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
    """The generator's images for `images`, both uint8 [n, H, W, C]."""
    generated = model(tf.cast(images, tf.float32) / 255.0, training=False)["image"]
    return tf.cast(tf.round(tf.clip_by_value(generated, 0.0, 1.0) * 255.0), tf.uint8).numpy()
