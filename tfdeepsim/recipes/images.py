"""What the recipes of Dosovitskiy & Brox 2016 do with trained generators: reconstruct, sample,
blend."""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.data.splits.split import Images

BATCH_SIZE = 64


def as_bytes(images: tf.Tensor) -> np.ndarray:
    """uint8 images of float ones, of which a linear output may leave [0, 1]."""
    return np.round(255 * np.clip(np.asarray(images), 0.0, 1.0)).astype(np.uint8)


def reconstruct(generator: keras.Model, images: Images) -> np.ndarray:
    """What a generator makes of images, both uint8 [N, H, W, 3]."""
    return np.concatenate(
        [as_bytes(generator(batch, training=False)["image"]) for batch in _batches(images)]
    )


def encode(generator: keras.Model, images: Images) -> np.ndarray:
    """Latents float32 [N, Z] of images uint8 [N, H, W, 3]."""
    found = [
        generator.encoder(batch, training=False)["latent"].numpy() for batch in _batches(images)
    ]
    return np.concatenate(found)


def decode(generator: keras.Model, latents: np.ndarray) -> np.ndarray:
    """uint8 images [N, H, W, 3] of latents [N, Z]."""
    parts = (latents[start : start + BATCH_SIZE] for start in range(0, len(latents), BATCH_SIZE))
    return np.concatenate([as_bytes(generator.decoder(part, training=False)) for part in parts])


def blend(generator: keras.Model, first: np.ndarray, second: np.ndarray, steps: int) -> np.ndarray:
    """Images of the latents on the line between those of two images.

    Args:
        generator: With `encoder` and `decoder`.
        first, second: uint8 [H, W, 3].
        steps: Images to give, both ends among them.
    """
    ends = encode(generator, np.stack([first, second]))
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    return decode(generator, (1 - share) * ends[0] + share * ends[1])


def _batches(images: Images) -> Iterator[np.ndarray]:
    for start in range(0, len(images), BATCH_SIZE):
        yield (
            np.asarray(images[np.arange(start, min(start + BATCH_SIZE, len(images)))], np.float32)
            / 255.0
        )
