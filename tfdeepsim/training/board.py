"""What TensorBoard shows of a run."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorboard.plugins import projector

from tfdeepsim.run import RunDirectory, replacing

SPRITE_SIDE = 32


class Board(keras.callbacks.TensorBoard):
    """Scalars of every term, and each epoch a grid of originals over reconstructions.

    Args:
        run: Events go to its `train` and `validation` folders.
        images: uint8 [n, H, W, C], the originals of the grid.
    """

    def __init__(self, run: RunDirectory, images: np.ndarray):
        super().__init__(run.path, write_graph=False)
        self.images = images

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        grid = np.stack([self.images, reconstruct(self.model, self.images)])
        rows, columns, height, width, channels = grid.shape
        grid = grid.transpose(0, 2, 1, 3, 4).reshape(1, rows * height, columns * width, channels)
        with self._val_writer.as_default():
            tf.summary.image("originals over reconstructions", grid, step=epoch)


def reconstruct(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """The generator's images for `images`, both uint8 [n, H, W, C]."""
    generated = model(tf.cast(images, tf.float32) / 255.0, training=False)["image"]
    return tf.cast(tf.round(tf.clip_by_value(generated, 0.0, 1.0) * 255.0), tf.uint8).numpy()


def write_projector(
    run: RunDirectory, embeddings: np.ndarray, images: np.ndarray, labels: dict[str, np.ndarray]
) -> None:
    """Give TensorBoard's projector `embeddings` with their images and labels.

    Args:
        run: Files go to its `validation` folder, the run that TensorBoard shows them under.
        embeddings: float [n, Z].
        images: uint8 [n, H, W, 3].
        labels: Name to [n] or [n, k].
    """
    folder = run.path / "validation"
    with replacing(folder / "embeddings.tsv") as new:
        np.savetxt(new, embeddings, fmt="%.6g", delimiter="\t")
    with replacing(folder / "labels.tsv") as new:
        columns = _columns(labels)
        lines = [
            "\t".join(columns),
            *("\t".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
        ]
        new.write_text("\n".join(lines if len(columns) > 1 else lines[1:]) + "\n")
    with replacing(folder / "sprite.png") as new:
        _sprite(images).save(new, format="PNG")
    config = projector.ProjectorConfig()
    entry = config.embeddings.add(
        tensor_name="embeddings", tensor_path="embeddings.tsv", metadata_path="labels.tsv"
    )
    entry.sprite.image_path = "sprite.png"
    entry.sprite.single_image_dim.extend([SPRITE_SIDE, SPRITE_SIDE])
    projector.visualize_embeddings(str(folder), config)


def _columns(labels: dict[str, np.ndarray]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, values in labels.items():
        values = values.reshape(len(values), -1).T
        columns |= {name if len(values) == 1 else f"{name}_{i}": column for i, column in enumerate(values)}
    return columns


def _sprite(images: np.ndarray) -> Image.Image:
    side = int(np.ceil(np.sqrt(len(images))))
    sheet = Image.new("RGB", (side * SPRITE_SIDE, side * SPRITE_SIDE))
    for i, image in enumerate(images):
        small = Image.fromarray(image).resize((SPRITE_SIDE, SPRITE_SIDE))
        sheet.paste(small, (i % side * SPRITE_SIDE, i // side * SPRITE_SIDE))
    return sheet
