"""Files for TensorBoard's projector, which shows embeddings as a cloud of thumbnails."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import text_format
from PIL import Image
from tensorboard.plugins import projector

from tfdeepsim.files import replacing

SPRITE_SIDE = 32
"""Height and width of a thumbnail in pixels."""


def write_projector(
    folder: Path, embeddings: np.ndarray, images: np.ndarray, labels: Mapping[str, np.ndarray]
) -> None:
    """Write embeddings with their images and labels for TensorBoard's projector.

    Args:
        folder: Folder to write to. TensorBoard finds the files in its `--logdir` and in folders
            below it that hold events.
        embeddings: float [n, Z].
        images: uint8 [n, H, W, C], with 1 or 3 channels.
        labels: Arrays [n] or [n, k] by name; may be empty.
    """
    with replacing(folder / "embeddings.tsv") as new:
        np.savetxt(new, embeddings, fmt="%.6g", delimiter="\t")
    columns = _columns(labels)
    if columns:
        with replacing(folder / "labels.tsv") as new:
            lines = [
                "\t".join(columns),
                *("\t".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
            ]
            new.write_text("\n".join(lines if len(columns) > 1 else lines[1:]) + "\n")
    with replacing(folder / "sprite.png") as new:
        _sprite(images).save(new, format="PNG")
    with replacing(folder / "projector_config.pbtxt") as new:
        new.write_text(text_format.MessageToString(_config(bool(columns))))


def _config(labeled: bool) -> Any:
    config = projector.ProjectorConfig()
    entry = config.embeddings.add(tensor_name="embeddings", tensor_path="embeddings.tsv")
    if labeled:
        entry.metadata_path = "labels.tsv"
    entry.sprite.image_path = "sprite.png"
    entry.sprite.single_image_dim.extend([SPRITE_SIDE, SPRITE_SIDE])
    return config


def _columns(labels: Mapping[str, np.ndarray]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name, values in labels.items():
        values = values.reshape(len(values), -1).T
        columns |= {
            name if len(values) == 1 else f"{name}_{i}": column for i, column in enumerate(values)
        }
    return columns


def _sprite(images: np.ndarray) -> Image.Image:
    side = int(np.ceil(np.sqrt(len(images))))
    sheet = Image.new("RGB", (side * SPRITE_SIDE, side * SPRITE_SIDE))
    for i, image in enumerate(images):
        small = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        corner = (i % side * SPRITE_SIDE, i // side * SPRITE_SIDE)
        sheet.paste(small.resize((SPRITE_SIDE, SPRITE_SIDE)), corner)
    return sheet
