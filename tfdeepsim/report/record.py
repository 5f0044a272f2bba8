"""What a report reads of one run."""

import csv
import dataclasses
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tfdeepsim.report.naming import paper_name, printable
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score

T = TypeVar("T")

# What readers of JSON, CSV and npz raise on damaged files.
_DAMAGE = (
    *(OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)


@dataclasses.dataclass(frozen=True)
class Samples:
    """Images of the validation split and what the run makes of them, uint8 `[n, H, W, 3]` each."""

    original: np.ndarray
    reconstruction: np.ndarray


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Test labels and a probe's predictions: float32 `[N, D]` each, or integer classes `[N]` each."""

    target: np.ndarray
    predicted: np.ndarray

    @property
    def classes(self) -> bool:
        return self.target.ndim == 1


@dataclasses.dataclass(frozen=True)
class Record:
    """The files of one run, as far as a report shows them.

    Attributes:
        name: Name of the run directory.
        system: Its name in the paper, e.g. `P. AE`.
        config: What was asked for.
        environment: What it ran on; None if missing.
        history: Columns of `history.csv`, float64 `[epochs]`; None if missing.
        samples: None if missing.
        predictions: None if missing.
        probes: For each probe seed the probe that was chosen; None if missing.
        missing: Why a part is None, by its field's name: the end of a sentence about the run.
    """

    name: str
    system: str
    config: dict[str, Any]
    environment: dict[str, Any] | None
    history: dict[str, np.ndarray] | None
    samples: Samples | None
    predictions: Predictions | None
    probes: list[dict[str, Any]] | None
    missing: dict[str, str]

    @property
    def called(self) -> str:
        """The run in running text: `P. AE (pae)`."""
        return f"{self.system} ({printable(self.name)})"


def read_record(run: RunDirectory, score: Score) -> Record:
    """Read one run. A part that is missing or unreadable becomes None, with the reason in `missing`.

    Args:
        run: The run directory.
        score: One of its scores; says which probe's predictions to read.

    Raises:
        InputError: If the run has no readable `config.json`.
    """
    results = run.results / score.dataset.replace("/", "-")
    missing: dict[str, str] = {}

    def part(field: str, path: os.PathLike, read: Callable[[os.PathLike], T]) -> T | None:
        try:
            return read(path)
        except FileNotFoundError:
            missing[field] = f"has no {os.path.relpath(path, run.path)}"
        except _DAMAGE as error:
            missing[field] = f"has an unusable {os.path.relpath(path, run.path)} ({error})"
        return None

    return Record(
        name=run.name,
        system=paper_name(score.model, score.loss),
        config=run.read_config(),
        environment=part("environment", run.environment, _read_object),
        history=part("history", run.history, _read_history),
        samples=part("samples", run.samples, _read_samples),
        predictions=part("predictions", results / f"{score.probe}.npz", _read_predictions),
        probes=part("probes", results / f"{score.probe}.json", _read_probes),
        missing=missing,
    )


def _read_object(path: os.PathLike) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        value = json.load(file)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _read_history(path: os.PathLike) -> dict[str, np.ndarray]:
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or "epoch" not in rows[0]:
        raise ValueError("no epoch in it")
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


def _read_samples(path: os.PathLike) -> Samples:
    with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
        samples = Samples(file["original"], file["reconstruction"])
    for images in (samples.original, samples.reconstruction):
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3 or not images.size:
            raise ValueError(f"not uint8 [n, H, W, 3] but {images.dtype} {list(images.shape)}")
    if samples.original.shape != samples.reconstruction.shape:
        raise ValueError("originals and reconstructions of different shapes")
    return samples


def _read_predictions(path: os.PathLike) -> Predictions:
    with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
        predictions = Predictions(file["target"], file["predicted"])
    kinds = predictions.target.dtype.kind + predictions.predicted.dtype.kind
    wanted = {"f": 2, "i": 1, "u": 1}
    if predictions.target.shape != predictions.predicted.shape or not predictions.target.size:
        raise ValueError(f"{predictions.target.shape} targets, {predictions.predicted.shape} predictions")
    if not np.isfinite(predictions.target).all():
        raise ValueError("NaN or infinity in the targets")
    if any(wanted.get(kind) != predictions.target.ndim for kind in kinds):
        raise ValueError("neither float [N, D] nor integer [N]")
    return predictions


def _read_probes(path: os.PathLike) -> list[dict[str, Any]]:
    probes = _read_object(path)["chosen"]
    if not isinstance(probes, list) or not all(isinstance(probe, dict) for probe in probes):
        raise ValueError("chosen is no list of objects")
    return probes
