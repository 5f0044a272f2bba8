"""What a probe found on one set of embeddings, and the two files that keep it."""

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.scores import Score


@dataclasses.dataclass(frozen=True)
class ProbeResult:
    """Scores of one kind of probe on one set of embeddings, and how they came about.

    Attributes:
        probe: Kind of probe, e.g. `mlp`.
        task: `regression` or `classification`.
        scores: One a metric.
        chosen: Per probe seed, what was chosen by validation, as JSON values.
        settings: What the probe was asked to do, as JSON values.
        targets: Test labels, float32 [N, K] in label units, or int64 [N] class ids.
        predictions: Predictions of the first seed for the same images, like `targets`.
    """

    probe: str
    task: str
    scores: list[Score]
    chosen: list[dict[str, Any]]
    settings: dict[str, Any]
    targets: np.ndarray
    predictions: np.ndarray

    def of_run(
        self, *, run: str, model: str, loss: str, comparator: str, dataset: str
    ) -> "ProbeResult":
        """The same result, its scores naming the run that made the embeddings; see `Score`."""
        scores = [
            dataclasses.replace(
                score, run=run, model=model, loss=loss, comparator=comparator, dataset=dataset
            )
            for score in self.scores
        ]
        return dataclasses.replace(self, scores=scores)

    def save(self, folder: str | os.PathLike) -> None:
        """Write `<probe>.json` and `<probe>.npz` into `folder`, whole or not at all.

        The JSON holds the SHA-256 of the arrays, so a reader notices two files that do not belong
        together.
        """
        folder = Path(folder)
        # Both are complete before either takes its place.
        with (
            replacing(folder / f"{self.probe}.json") as text,
            replacing(folder / f"{self.probe}.npz") as arrays,
        ):
            with open(arrays, "wb") as file:
                np.savez(file, target=self.targets, predicted=self.predictions)
            text.write_text(json.dumps(self._record(_sha256(arrays)), indent=2) + "\n")

    def _record(self, digest: str) -> dict[str, Any]:
        return {
            "probe": self.probe,
            "task": self.task,
            "scores": [dataclasses.asdict(score) for score in self.scores],
            "chosen": self.chosen,
            "settings": self.settings,
            "arrays_sha256": digest,
        }


def read_result(folder: str | os.PathLike, probe: str) -> ProbeResult:
    """What `ProbeResult.save` wrote.

    Args:
        folder: Where it was saved.
        probe: Kind of probe.

    Raises:
        InputError: If there is no result of this probe, or it is damaged.
    """
    text, arrays = Path(folder, f"{probe}.json"), Path(folder, f"{probe}.npz")
    try:
        record = json.loads(text.read_text())
        if record.pop("arrays_sha256") != _sha256(arrays):
            raise ValueError(f"{arrays.name} is not the one that {text.name} was written with")
        scores = [
            Score(**score | {"values": tuple(score["values"])}) for score in record.pop("scores")
        ]
        with np.load(arrays, allow_pickle=False) as data:
            return ProbeResult(
                **record, scores=scores, targets=data["target"], predictions=data["predicted"]
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"the result of probe {probe} must be readable",
            got=f"{folder} ({error})",
            accepted="a folder that evaluate.py wrote; run it again",
        ) from error


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
