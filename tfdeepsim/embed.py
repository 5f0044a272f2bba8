"""From an encoder and a dataset to a file of embeddings."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.data.source import Source
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory, replacing, slug

BATCH_SIZE = 256


def load_encoder(path: Path) -> Any:
    """Load a SavedModel with an `embed` endpoint.

    Raises:
        InputError: If there is none, or it is damaged.
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
    return encoder


def embed_source(encoder: Any, source: Source) -> np.ndarray:
    """Embed all images of `source`, in order.

    Args:
        encoder: Has `embed`, from uint8 [B, H, W, C] to float [B, Z].
        source: N images.

    Returns:
        float32 [N, Z].
    """
    images = source.images
    starts = range(0, len(images), BATCH_SIZE)
    return np.concatenate([encoder.embed(tf.constant(images[i : i + BATCH_SIZE])).numpy() for i in starts])


def embed_run(
    run: RunDirectory, dataset_name: str, fingerprint: str, sources: dict[str, Source]
) -> dict[str, np.ndarray]:
    """The embeddings of `sources` by the run's encoder, computed once and kept in the run.

    Args:
        run: A run with an exported encoder.
        dataset_name: As the command line spells it.
        fingerprint: Of the data; embeddings of other data, or by another encoder, are computed anew.
        sources: By split.

    Returns:
        Split to float32 [N, Z], memory-mapped.

    Raises:
        InputError: If the run has no usable encoder.
    """
    folder = run.embeddings / slug(dataset_name)
    origin = {"encoder": _digest(run.encoder), "dataset": fingerprint}
    if _origin(folder) != origin:
        encoder = load_encoder(run.encoder)
        with replacing(folder) as new:
            new.mkdir()
            for split, source in sources.items():
                np.save(new / f"{split}.npy", embed_source(encoder, source))
            (new / "origin.json").write_text(json.dumps(origin))
    return {split: np.load(folder / f"{split}.npy", mmap_mode="r") for split in sources}


def _origin(folder: Path) -> dict[str, str] | None:
    try:
        return json.loads((folder / "origin.json").read_text())
    except (OSError, ValueError):
        return None


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
