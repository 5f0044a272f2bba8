"""From an encoder and images to embeddings."""

import collections
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError

BATCH_SIZE = 256
# One batch is read or handed on while another one is computed.
WORKERS = 2


def load_encoder(path: Path, image_shape: Sequence[int] | None = None) -> Any:
    """Load a SavedModel with an `embed` endpoint.

    Args:
        path: The folder.
        image_shape: (H, W, C) of the images that it shall embed; None where that is known to fit.

    Raises:
        InputError: If there is none, it is damaged, or it takes images of another shape.
    """
    rule, accepted = (
        "an encoder is a SavedModel with an `embed` endpoint",
        "the encoder/ folder of a trained run",
    )
    if not (path / "saved_model.pb").is_file():
        raise InputError(rule, got=f"{path}, which holds no saved_model.pb", accepted=accepted)
    try:
        encoder = tf.saved_model.load(str(path))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise InputError(rule, got=f"{path} ({str(error)[:200]})", accepted=accepted) from error
    if not hasattr(encoder, "embed"):
        raise InputError(rule, got=f"{path} without `embed`", accepted=accepted)
    if image_shape is not None:
        _check_shape(encoder, path, tuple(image_shape))
    return encoder


def _check_shape(encoder: Any, path: Path, image_shape: tuple[int, ...]) -> None:
    (spec, *_), _ = encoder.embed.concrete_functions[0].structured_input_signature
    if not spec.shape[1:].is_compatible_with(image_shape):
        raise InputError(
            "images must have the shape that the encoder was trained on",
            got=f"{list(image_shape)} for {path}",
            accepted=f"{spec.shape[1:].as_list()}, see --image-size",
        )


def batch_size_of(image_shape: Sequence[int]) -> int:
    """Images a batch: 256 of 64x64 pixels, fewer of larger ones, so that memory stays the same."""
    return max(1, min(BATCH_SIZE, BATCH_SIZE * 64 * 64 // (image_shape[0] * image_shape[1])))


def embed_blocks(
    encode: Callable[[np.ndarray], np.ndarray], images: Images, batch_size: int
) -> Iterator[np.ndarray]:
    """Embed images block by block, in order, a block ahead of the one that is asked for.

    Args:
        encode: From uint8 [n, H, W, C] to an array [n, Z]; is called from two threads.
        images: uint8 [N, H, W, C].
        batch_size: n, but for the last block.
    """
    waiting: collections.deque[Future] = collections.deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for start in range(0, len(images), batch_size):
            waiting.append(
                pool.submit(_encode_block, encode, images, slice(start, start + batch_size))
            )
            if len(waiting) > WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _encode_block(
    encode: Callable[[np.ndarray], np.ndarray], images: Images, rows: slice
) -> np.ndarray:
    return encode(np.ascontiguousarray(images[rows]))
