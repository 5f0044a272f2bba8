"""Embed images with an exported encoder."""

import collections
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.batches import batch_slices
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.saved_model_path import path_without_patterns

WORKERS = 2
"""Batches that are in work at once: one is read while another is computed."""


def load_encoder(path: Path) -> Any:
    """Load an exported encoder.

    Args:
        path: Folder of a SavedModel with an `embed` endpoint.

    Returns:
        The loaded SavedModel; `embed` maps uint8 images [B, H, W, C], or float images in [0, 1], to
        float32 embeddings [B, Z].

    Raises:
        InputError: If there is no SavedModel, it is damaged, or it has no `embed` endpoint.
    """
    rule = "an encoder is a SavedModel with an `embed` endpoint"
    accepted = "the encoder/ folder of a trained run"
    if not (path / "saved_model.pb").is_file():
        raise InputError(rule, got=f"{path}, which holds no saved_model.pb", accepted=accepted)
    try:
        with path_without_patterns(path) as plain:
            encoder = tf.saved_model.load(plain)
    except Exception as error:  # of many types, if a file is damaged
        raise InputError(rule, got=f"{path} ({str(error)[:200]})", accepted=accepted) from error
    if not hasattr(encoder, "embed"):
        raise InputError(rule, got=f"{path} without `embed`", accepted=accepted)
    return encoder


def check_image_shape(encoder: Any, image_shape: Sequence[int], path: Path) -> None:
    """Check that an encoder takes images of a shape.

    Args:
        encoder: Encoder that `load_encoder` returned.
        image_shape: (H, W, C) of the images.
        path: Folder of the encoder, for the error.

    Raises:
        InputError: If it takes images of another shape.
    """
    (spec, *_), _ = encoder.embed.concrete_functions[0].structured_input_signature
    if not spec.shape[1:].is_compatible_with(tuple(image_shape)):
        raise InputError(
            "images must have the shape that the encoder was trained on",
            got=f"{list(image_shape)} for {path}",
            accepted=f"{spec.shape[1:].as_list()}, see --image-size",
        )


def embed_batches(
    encode: Callable[[np.ndarray], np.ndarray], images: Images, batch_size: int
) -> Iterator[np.ndarray]:
    """Embed images batch by batch, and read ahead while a batch is computed.

    Args:
        encode: From uint8 images [n, H, W, C] to embeddings [n, Z]; called from two threads.
        images: uint8 [N, H, W, C].
        batch_size: Number of images n of a batch; the last may be smaller.

    Yields:
        Embeddings [n, Z] of the next n images, in the order of the images.
    """
    pending: collections.deque[Future] = collections.deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for batch in batch_slices(len(images), batch_size):
            pending.append(pool.submit(_encode_batch, encode, images, batch))
            if len(pending) > WORKERS:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _encode_batch(
    encode: Callable[[np.ndarray], np.ndarray], images: Images, rows: slice
) -> np.ndarray:
    return encode(np.ascontiguousarray(images[rows]))
