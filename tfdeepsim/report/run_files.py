"""The files of a run that a report shows, each checked when it is read."""

import csv
import dataclasses
import io
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.files import read_json
from tfdeepsim.numpy_files import read_npz

# Exceptions that readers of JSON, CSV, npz and images raise on damaged files.
DAMAGE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(EOFError, RuntimeError, MemoryError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)

_DIMENSIONS = {"f": 2, "i": 1, "u": 1}
"""Kind of a NumPy dtype to the number of dimensions that predictions of this kind have."""


@dataclasses.dataclass(frozen=True)
class Samples:
    """Images of the validation split and a run's reconstructions of them.

    Attributes:
        original: Images, uint8 `[n, H, W, 3]`.
        reconstruction: Reconstructions, of the same shape and type.

    Example:
        >>> samples = read_samples("runs/ae/samples.npz")
        >>> samples.original.shape == samples.reconstruction.shape
        True
    """

    original: np.ndarray
    reconstruction: np.ndarray


@dataclasses.dataclass(frozen=True)
class DecodedEmbeddings:
    """Test images, and what a decoder reconstructs from their embeddings.

    Attributes:
        original: Images, uint8 `[n, H, W, 3]`.
        decoded: Decoded embeddings of these images, of the same shape and type.
        mse: Mean squared error over the test split for pixels from 0 to 1; None if it was not
            recorded.

    Example:
        >>> decoded = read_decoded("runs/ae/decoded/llv2/decoded.npz")
        >>> decoded.decoded.dtype
        dtype('uint8')
    """

    original: np.ndarray
    decoded: np.ndarray
    mse: float | None


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Test labels and a probe's predictions of them.

    Attributes:
        target: Labels, float32 `[N, D]` for regression or integer classes `[N]`.
        predicted: Predictions, like `target`.

    Example:
        >>> read_predictions("runs/ae/results/svhn/mlp.npz").classes
        True
    """

    target: np.ndarray
    predicted: np.ndarray

    @property
    def classes(self) -> bool:
        """Whether the labels are classes."""
        return self.target.ndim == 1


def read_history(path: os.PathLike) -> dict[str, np.ndarray]:
    """Columns of `history.csv` by their names, float64 `[epochs]` each."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "epoch" not in rows[0]:
        raise ValueError("there is no epoch in it")
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


def read_samples(path: os.PathLike) -> Samples:
    """Read `samples.npz`."""
    return Samples(*_read_images(path, "original", "reconstruction"))


def read_decoded(path: os.PathLike) -> DecodedEmbeddings:
    """Read `decoded.npz`, and the error in `decoded.json` beside it."""
    original, decoded = _read_images(path, "original", "decoded")
    mse = read_json(Path(path).with_suffix(".json")).get("mse")
    return DecodedEmbeddings(original, decoded, None if mse is None else float(mse))


def _read_images(path: os.PathLike, *names: str) -> list[np.ndarray]:
    arrays = list(read_npz(path, *names).values())
    for images in arrays:
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3 or not images.size:
            raise ValueError(f"{images.dtype} {list(images.shape)} instead of uint8 [n, H, W, 3]")
        if images.shape != arrays[0].shape:
            raise ValueError(f"{' and '.join(names)} have different shapes")
    return arrays


def read_predictions(path: os.PathLike) -> Predictions:
    """Read `<probe>.npz` of a result."""
    predictions = Predictions(*read_npz(path, "target", "predicted").values())
    kinds = predictions.target.dtype.kind + predictions.predicted.dtype.kind
    if predictions.target.shape != predictions.predicted.shape or not predictions.target.size:
        raise ValueError(
            f"{predictions.target.shape} targets, {predictions.predicted.shape} predictions"
        )
    if not np.isfinite(predictions.target).all():
        raise ValueError("NaN or infinity in the targets")
    if any(_DIMENSIONS.get(kind) != predictions.target.ndim for kind in kinds):
        raise ValueError("neither float [N, D] nor integer [N]")
    return predictions


def read_chosen_probes(path: os.PathLike) -> list[dict[str, Any]]:
    """The settings that each seed of a probe chose, from `<probe>.json` of a result."""
    probes = read_json(path)["chosen"]
    if not isinstance(probes, list) or not all(isinstance(probe, dict) for probe in probes):
        raise ValueError("'chosen' is no list of objects")
    return probes


def read_card(path: os.PathLike) -> dict[str, float | None]:
    """The single numbers of a `card.json`; its lists are left out."""
    return {
        name: value
        for name, value in read_json(path).items()
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    }


def read_png(path: os.PathLike) -> bytes:
    """Bytes of a PNG file that can be decoded."""
    from PIL import Image

    content = Path(path).read_bytes()
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        image.load()
    return content
