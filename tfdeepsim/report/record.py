"""What a report reads of one row: the files of a run, of a baseline or of an external encoder."""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tfdeepsim.config import TrainConfig
from tfdeepsim.files import slug
from tfdeepsim.probes.label_efficiency import Efficiency, read_efficiency
from tfdeepsim.report import run_files
from tfdeepsim.report.naming import SHORT, called, distinct, own_name, system_name
from tfdeepsim.report.run_files import Decoded, Predictions, Samples
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import BASELINES, Score

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Record:
    """The files of one row, as far as a report shows them.

    Attributes:
        name: Name of the row.
        model: As in `Score`.
        system: What kind of encoder it is, e.g. `P. AE`.
        own: Its own name where `system` does not say it, else empty.
        short: `own` as figures write it: long names without what all rows share.
        over: As in `Score`; where it is `encoder`, the files are those of the first seed.
        config: What was asked for; None for what is no run.
        origin: What a baseline or an external encoder is; None for a run, or if missing.
        environment: What it ran on; None if missing.
        history: Columns of `history.csv`, float64 `[epochs]`; None if missing.
        samples: None if missing.
        predictions: None if missing.
        probes: For each probe seed the probe that was chosen; None if missing.
        efficiency: Scores over the number of labels; None if missing.
        decoded: None if missing.
        card: Numbers that describe the embedding; None if missing.
        neighbours: PNG file; None if missing.
        class_names: Of the classes 0, 1, ... that were predicted; empty if they have none.
        missing: Why a part is None that one expects, by its field's name: the end of a sentence.
    """

    name: str
    model: str
    system: str
    own: str
    short: str
    over: str
    config: dict[str, Any] | None
    origin: dict[str, Any] | None
    environment: dict[str, Any] | None
    history: dict[str, np.ndarray] | None
    samples: Samples | None
    predictions: Predictions | None
    probes: list[dict[str, Any]] | None
    efficiency: Efficiency | None
    decoded: Decoded | None
    card: dict[str, float | None] | None
    neighbours: bytes | None
    class_names: list[str]
    missing: dict[str, str]

    @property
    def called(self) -> str:
        """The row in running text: `P. AE (pae)`."""
        return called(self.system, self.own)

    @property
    def is_baseline(self) -> bool:
        return self.model in BASELINES


def read_record(
    name: str, run: RunDirectory, score: Score | None, dataset: str, probe: str
) -> Record:
    """Read one row. A part that is missing or unreadable becomes None.

    The reason stands in `missing` for what is damaged, and for what every such row has.

    Args:
        name: Of the row.
        run: Its folder; a baseline's or an external encoder's holds nothing of a training.
        score: One of its scores; None where there are no labels.
        dataset: On what the rows are compared.
        probe: Whose predictions to read.

    Raises:
        InputError: If a trained run has no readable `config.json`.
    """
    missing: dict[str, str] = {}

    def part(
        field: str, path: Path, read: Callable[[os.PathLike], T], expected: bool = False
    ) -> T | None:
        try:
            return read(path)
        except FileNotFoundError:
            if expected:
                missing[field] = f"has no {os.path.relpath(path, run.path)}"
        except run_files.DAMAGE as error:
            missing[field] = f"has an unusable {os.path.relpath(path, run.path)} ({error})"
        return None

    origin = part("origin", run.origin, run_files.read_object)
    trained = _is_run(run, score, origin)
    config = run.read_config() if trained else None
    model, loss = (score.model, score.loss) if score else _kind(name, config, origin)
    environment = part("environment", run.environment, run_files.read_object, trained)

    def result(
        field: str, file: str, read: Callable[[os.PathLike], T], expected: bool = False
    ) -> T | None:
        return part(field, run.results / slug(dataset) / file, read, expected) if score else None

    card, decoded = (run.path / kind / slug(dataset) for kind in ("card", "decoded"))
    return Record(
        name=name,
        model=model,
        system=system_name(model, loss, name),
        own=own_name(model, name),
        short=own_name(model, name),
        over=score.over if score else "probe",
        config=config,
        origin=_settings_of(origin),
        environment=environment,
        history=part("history", run.history, run_files.read_history, trained),
        samples=part("samples", run.samples, run_files.read_samples, trained),
        predictions=result("predictions", f"{slug(probe)}.npz", run_files.read_predictions, True),
        probes=result("probes", f"{slug(probe)}.json", run_files.read_probes, True),
        efficiency=result("efficiency", f"efficiency-{probe}.json", _read_efficiency),
        decoded=part("decoded", decoded / "decoded.npz", run_files.read_decoded),
        card=part("card", card / "card.json", run_files.read_card),
        neighbours=part("neighbours", card / "neighbours.png", run_files.read_png),
        class_names=_class_names(environment, dataset),
        missing=missing,
    )


def read_records(
    rows: Mapping[str, RunDirectory],
    scores: Sequence[Score],
    dataset: str,
    probe: str,
    class_names: Sequence[str] = (),
) -> list[Record]:
    """All rows, baselines last; see `read_record`.

    Args:
        rows: The folder of each row, by its name.
        scores: Of all rows; empty where there are no labels.
        dataset: As for `read_record`.
        probe: As for `read_record`.
        class_names: Of the classes; empty for what the runs recorded.
    """
    first = {score.run: score for score in reversed(scores)}
    records = [
        read_record(name, run, first.get(name), dataset, probe) for name, run in rows.items()
    ]
    short = iter(distinct([record.own for record in records if record.own], SHORT))
    records = [dataclasses.replace(r, short=next(short)) if r.own else r for r in records]
    if class_names:
        records = [dataclasses.replace(r, class_names=list(class_names)) for r in records]
    return sorted(records, key=lambda record: record.is_baseline)


def _is_run(run: RunDirectory, score: Score | None, origin: dict[str, Any] | None) -> bool:
    """Whether this row was trained by train.py, so that it has the files of a run."""
    if score is not None:
        return not score.is_baseline and score.model != "external"
    return origin is None and run.config.is_file()


def _kind(
    name: str, config: dict[str, Any] | None, origin: dict[str, Any] | None
) -> tuple[str, str]:
    """Model and loss of a row that has no score."""
    if config is not None:
        settings = TrainConfig.from_dict(config)
        return settings.model, settings.loss_name
    model = (origin or {}).get("model", name)
    return (model if model in BASELINES else "external"), ""


def _settings_of(origin: dict[str, Any] | None) -> dict[str, Any] | None:
    settings = (origin or {}).get("settings")
    return settings if isinstance(settings, dict) else None


def _class_names(environment: dict[str, Any] | None, dataset: str) -> list[str]:
    """Those that a run recorded, if it was trained on this dataset."""
    trained_on = (environment or {}).get("dataset")
    if not isinstance(trained_on, dict) or trained_on.get("name", dataset) != dataset:
        return []
    names = trained_on.get("class_names")
    return [str(name) for name in names] if isinstance(names, list) else []


def _read_efficiency(path: os.PathLike) -> Efficiency:
    if not Path(path).is_file():
        raise FileNotFoundError(path)
    return read_efficiency(Path(path).parent, Path(path).stem.removeprefix("efficiency-"))
