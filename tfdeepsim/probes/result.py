"""Scores and predictions of a probe on one set of embeddings, and the two files that hold them."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, replacing, sha256_of
from tfdeepsim.json_fields import check_fields
from tfdeepsim.numpy_files import read_npz
from tfdeepsim.scores import Score

_RECORD: dict[str, Any] = {
    "probe": str,
    "task": str,
    "scores": list[dict],
    "chosen": list[dict],
    "settings": dict,
    "arrays_sha256": str,
}
"""Fields of the JSON file and their types."""


@dataclasses.dataclass(frozen=True)
class ProbeResult:
    """Scores of one kind of probe on one set of embeddings, and how they were obtained.

    Attributes:
        probe: Name of the probe, e.g. `mlp`.
        task: `regression` or `classification`.
        scores: One score for each metric.
        chosen: Settings and validation score of what was chosen for each probe seed, as JSON
            values.
        settings: Settings of the probe, as JSON values.
        targets: Test labels, float32 [N, K] in label units, or int64 [N] class ids.
        predictions: Predictions of the first seed for the same images, like `targets`.

    Example:
        >>> result = score_probe("linear", train, validation, test, "classification")
        >>> result.save("runs/ae/results/llv2")
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
        """The same result, with the fields that name a run filled in its scores; see `Score`."""
        scores = [
            dataclasses.replace(
                score, run=run, model=model, loss=loss, comparator=comparator, dataset=dataset
            )
            for score in self.scores
        ]
        return dataclasses.replace(self, scores=scores)

    def save(self, folder: str | os.PathLike) -> None:
        """Write `<probe>.json` and `<probe>.npz` completely, or not at all.

        The JSON file holds the SHA-256 of the arrays, so that `read_result` notices two files that
        do not belong together.

        Args:
            folder: Folder for the two files; created if needed.
        """
        folder = Path(folder)
        # Both files are complete before either replaces an older one.
        with (
            replacing(folder / f"{self.probe}.json") as text,
            replacing(folder / f"{self.probe}.npz") as arrays,
        ):
            with open(arrays, "wb") as file:
                np.savez(file, target=self.targets, predicted=self.predictions)
            text.write_text(json.dumps(self._record(sha256_of(arrays)), indent=2) + "\n")

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
    """Read what `ProbeResult.save` wrote.

    Args:
        folder: Folder that holds the two files.
        probe: Name of the probe.

    Raises:
        InputError: If there is no result of this probe, or it is damaged.
    """
    text, arrays = Path(folder, f"{probe}.json"), Path(folder, f"{probe}.npz")
    rule = f"the result of probe {probe} must be readable"
    accepted = "a folder that evaluate.py wrote; run it again"
    record = read_json(text, rule, accepted)
    try:
        check_fields(record, _RECORD, text.name)
        for score in record["scores"]:
            check_fields(score, get_type_hints(Score) | {"values": list[float]}, text.name)
        if record.pop("arrays_sha256") != sha256_of(arrays):
            raise ValueError(f"{arrays.name} is not the one that {text.name} was written with")
        scores = [
            Score(**score | {"values": tuple(score["values"])}) for score in record.pop("scores")
        ]
        targets, predictions = read_npz(arrays, "target", "predicted").values()
        return ProbeResult(**record, scores=scores, targets=targets, predictions=predictions)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(rule, got=f"{folder} ({error})", accepted=accepted) from error
