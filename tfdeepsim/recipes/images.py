"""Reconstructions, samples and interpolations of trained generators, as images in bytes."""

import keras
import numpy as np

from tfdeepsim.batches import over_batches
from tfdeepsim.data.splits.split import Images
from tfdeepsim.pixels import to_bytes, to_floats

BATCH_SIZE = 64


def reconstruct(generator: keras.Model, images: Images) -> np.ndarray:
    """Reconstruct images.

    Args:
        generator: Maps float images to a dictionary with an `image`.
        images: uint8 [N, H, W, 3].

    Returns:
        uint8 [N, H, W, 3].
    """
    return over_batches(
        lambda batch: to_bytes(generator(to_floats(batch), training=False)["image"]),
        images,
        batch_size=BATCH_SIZE,
    )


def encode(generator: keras.Model, images: Images) -> np.ndarray:
    """Encode images.

    Args:
        generator: Has an `encoder` that maps float images to a dictionary with a `latent`.
        images: uint8 [N, H, W, 3].

    Returns:
        Latents, float32 [N, Z].
    """
    return over_batches(
        lambda batch: generator.encoder(to_floats(batch), training=False)["latent"],
        images,
        batch_size=BATCH_SIZE,
    )


def decode(generator: keras.Model, latents: np.ndarray) -> np.ndarray:
    """Decode latents.

    Args:
        generator: Has a `decoder` that maps latents to float images.
        latents: float32 [N, Z].

    Returns:
        uint8 [N, H, W, 3].
    """
    return over_batches(
        lambda batch: to_bytes(generator.decoder(batch, training=False)),
        latents,
        batch_size=BATCH_SIZE,
    )


def interpolate(
    generator: keras.Model, first: np.ndarray, second: np.ndarray, steps: int
) -> np.ndarray:
    """Decode latents on the line between those of two images.

    Args:
        generator: Has an `encoder` and a `decoder`.
        first, second: uint8 [H, W, 3].
        steps: Number of images, including those of both ends.

    Returns:
        uint8 [steps, H, W, 3].
    """
    ends = encode(generator, np.stack([first, second]))
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    return decode(generator, (1 - share) * ends[0] + share * ends[1])
