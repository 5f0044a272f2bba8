"""The files of a run that a report shows, each checked when it is read."""

import csv
import dataclasses
import io
import json
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

# What readers of JSON, CSV, npz and images raise on damaged files.
DAMAGE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError),
    *(EOFError, RuntimeError, MemoryError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


@dataclasses.dataclass(frozen=True)
class Samples:
    """Images of the validation split and what the run makes of them, uint8 `[n, H, W, 3]` each."""

    original: np.ndarray
    reconstruction: np.ndarray


@dataclasses.dataclass(frozen=True)
class Decoded:
    """Test images and what a decoder makes of their embeddings, uint8 `[n, H, W, 3]` each.

    Attributes:
        mse: Mean squared error over the test split, pixels 0 to 1; None if it was not recorded.
    """

    original: np.ndarray
    decoded: np.ndarray
    mse: float | None


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Test labels and a probe's predictions: float32 `[N, D]` each, or integer classes `[N]`
    each."""

    target: np.ndarray
    predicted: np.ndarray

    @property
    def classes(self) -> bool:
        return self.target.ndim == 1


def read_object(path: os.PathLike) -> dict[str, Any]:
    """A JSON object."""
    with open(path, encoding="utf-8") as file:
        value = json.load(file)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def read_history(path: os.PathLike) -> dict[str, np.ndarray]:
    """Columns of `history.csv`, float64 `[epochs]`."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "epoch" not in rows[0]:
        raise ValueError("no epoch in it")
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


def read_samples(path: os.PathLike) -> Samples:
    """`samples.npz`."""
    return Samples(*_read_images(path, "original", "reconstruction"))


def read_decoded(path: os.PathLike) -> Decoded:
    """`decoded.npz`, and the error in `decoded.json` beside it."""
    original, decoded = _read_images(path, "original", "decoded")
    mse = read_object(Path(path).with_suffix(".json")).get("mse")
    return Decoded(original, decoded, None if mse is None else float(mse))


def _read_images(path: os.PathLike, *names: str) -> list[np.ndarray]:
    with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
        arrays = [file[name] for name in names]
    for images in arrays:
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3 or not images.size:
            raise ValueError(f"not uint8 [n, H, W, 3] but {images.dtype} {list(images.shape)}")
        if images.shape != arrays[0].shape:
            raise ValueError(f"{' and '.join(names)} of different shapes")
    return arrays


def read_predictions(path: os.PathLike) -> Predictions:
    """`<probe>.npz` of a result."""
    with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
        predictions = Predictions(file["target"], file["predicted"])
    kinds = predictions.target.dtype.kind + predictions.predicted.dtype.kind
    wanted = {"f": 2, "i": 1, "u": 1}
    if predictions.target.shape != predictions.predicted.shape or not predictions.target.size:
        raise ValueError(
            f"{predictions.target.shape} targets, {predictions.predicted.shape} predictions"
        )
    if not np.isfinite(predictions.target).all():
        raise ValueError("NaN or infinity in the targets")
    if any(wanted.get(kind) != predictions.target.ndim for kind in kinds):
        raise ValueError("neither float [N, D] nor integer [N]")
    return predictions


def read_probes(path: os.PathLike) -> list[dict[str, Any]]:
    """What was chosen by each seed of a probe, from `<probe>.json` of a result."""
    probes = read_object(path)["chosen"]
    if not isinstance(probes, list) or not all(isinstance(probe, dict) for probe in probes):
        raise ValueError("chosen is no list of objects")
    return probes


def read_card(path: os.PathLike) -> dict[str, float | None]:
    """The numbers of a `card.json`; what else it holds is left out."""
    card = read_object(path)
    return {
        name: value
        for name, value in card.items()
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    }


def read_png(path: os.PathLike) -> bytes:
    """An image file, whole and readable."""
    from PIL import Image

    data = Path(path).read_bytes()
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.load()
    return data
