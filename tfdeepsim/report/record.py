"""What a report reads for one row: files of a run, of a baseline or of an external encoder."""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, slug
from tfdeepsim.report import run_files
from tfdeepsim.report.naming import SHORT, distinct, full_name, own_name, system_name
from tfdeepsim.report.run_files import DecodedEmbeddings, Predictions, Samples
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import BASELINES, Score

if TYPE_CHECKING:
    from tfdeepsim.probes.label_efficiency import Efficiency

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Record:
    """The content of one row's files, as far as a report shows it.

    A field is None if its file is missing or damaged.

    Attributes:
        name: Name of the row.
        model: Model, as in `Score`.
        system: Kind of encoder, e.g. `P. AE`.
        own_name: The row's own name; empty where `system` says it already.
        short_name: `own_name` as figures show it: long names without what all rows share.
        over: As in `Score`; if it is `encoder`, the files are those of the first seed.
        config: Settings of the training; None for baselines and external encoders.
        origin: Settings of a baseline or an external encoder; None for trained runs.
        environment: Versions, hardware and dataset of the training.
        history: Columns of `history.csv`, float64 `[epochs]` each.
        samples: Validation images and their reconstructions.
        predictions: Predictions of the probe on the test split.
        probes: Settings of the probe that was chosen for each probe seed.
        efficiency: Scores of the probe for several numbers of labels.
        decoded: Test images and their decoded embeddings.
        card: Numbers that describe the embeddings.
        neighbours: PNG file of nearest neighbours.
        class_names: Names of the predicted classes 0, 1, ...; empty if they have none.
        missing: For each field that should have a value and is None, the end of a sentence that
            says why.

    Example:
        >>> record = read_record("pae", RunDirectory("runs/pae"), score, "llv2", "mlp")
        >>> record.full_name, record.missing
        ('P. AE (pae)', {})
    """

    name: str
    model: str
    system: str
    own_name: str
    short_name: str
    over: str
    config: dict[str, Any] | None
    origin: dict[str, Any] | None
    environment: dict[str, Any] | None
    history: dict[str, np.ndarray] | None
    samples: Samples | None
    predictions: Predictions | None
    probes: list[dict[str, Any]] | None
    efficiency: "Efficiency | None"
    decoded: DecodedEmbeddings | None
    card: dict[str, float | None] | None
    neighbours: bytes | None
    class_names: list[str]
    missing: dict[str, str]

    @property
    def full_name(self) -> str:
        """The name of the row in running text, e.g. `P. AE (pae)`."""
        return full_name(self.system, self.own_name)

    @property
    def is_baseline(self) -> bool:
        """Whether the encoders are compared with this row."""
        return self.model in BASELINES


def read_record(
    name: str, run: RunDirectory, score: Score | None, dataset: str, probe: str
) -> Record:
    """Read the files of one row. A file that is missing or damaged makes its field None.

    `missing` gives the reason for files that are damaged, and for files that every such row has.

    Args:
        name: Name of the row.
        run: Folder of the row; those of baselines and external encoders hold no files of a
            training.
        score: One of the row's scores; None if the dataset has no labels.
        dataset: Dataset that the rows are compared on, as the command line spells it.
        probe: Name of the probe whose predictions are read.

    Raises:
        InputError: If a trained run has no readable `config.json`.
    """
    missing: dict[str, str] = {}

    def part(
        field: str, path: Path, read: Callable[[os.PathLike], T], expected: bool = False
    ) -> T | None:
        file = os.path.relpath(path, run.path)
        try:
            if path.exists():
                return read(path)
            if expected:
                missing[field] = f"has no {file}"
        except run_files.DAMAGE as error:
            # The cause of an `InputError` is the error without the name of the file.
            reason = error.__cause__ if isinstance(error, InputError) else None
            missing[field] = f"has an unusable {file} ({reason or error})"
        return None

    origin = part("origin", run.origin, read_json)
    trained = _is_run(run, score, origin)
    config = run.read_config() if trained else None
    model, loss = (score.model, score.loss) if score else _kind(name, config, origin)
    environment = part("environment", run.environment, read_json, trained)

    def result(
        field: str, file: str, read: Callable[[os.PathLike], T], expected: bool = False
    ) -> T | None:
        return part(field, run.results / slug(dataset) / file, read, expected) if score else None

    card, decoded = (run.path / kind / slug(dataset) for kind in ("card", "decoded"))
    return Record(
        name=name,
        model=model,
        system=system_name(model, loss, name),
        own_name=own_name(model, name),
        short_name=own_name(model, name),
        over=score.over if score else "probe",
        config=config,
        origin=_settings_of(origin),
        environment=environment,
        history=part("history", run.history, run_files.read_history, trained),
        samples=part("samples", run.samples, run_files.read_samples, trained),
        predictions=result("predictions", f"{slug(probe)}.npz", run_files.read_predictions, True),
        probes=result("probes", f"{slug(probe)}.json", run_files.read_chosen_probes, True),
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
    """Read the files of all rows, baselines last; see `read_record`.

    Args:
        rows: Folder of each row, by the row's name.
        scores: Scores of all rows; empty if the dataset has no labels.
        dataset: As for `read_record`.
        probe: As for `read_record`.
        class_names: Names of the classes 0, 1, ...; empty for those that the runs recorded.
    """
    first = {score.run: score for score in reversed(scores)}
    records = [
        read_record(name, run, first.get(name), dataset, probe) for name, run in rows.items()
    ]
    short = iter(distinct([record.own_name for record in records if record.own_name], SHORT))
    records = [dataclasses.replace(r, short_name=next(short)) if r.own_name else r for r in records]
    if class_names:
        records = [dataclasses.replace(r, class_names=list(class_names)) for r in records]
    return sorted(records, key=lambda record: record.is_baseline)


def _is_run(run: RunDirectory, score: Score | None, origin: dict[str, Any] | None) -> bool:
    """Whether this row was trained by `train.py`, so that it has the files of a run."""
    if score is not None:
        return not score.is_baseline and score.model != "external"
    return origin is None and run.config.is_file()


def _kind(
    name: str, config: dict[str, Any] | None, origin: dict[str, Any] | None
) -> tuple[str, str]:
    """Model and loss of a row without scores."""
    if config is not None:
        settings = TrainConfig.from_dict(config)
        return settings.model, settings.loss_name
    model = (origin or {}).get("model", name)
    return (model if model in BASELINES else "external"), ""


def _settings_of(origin: dict[str, Any] | None) -> dict[str, Any] | None:
    settings = (origin or {}).get("settings")
    return settings if isinstance(settings, dict) else None


def _class_names(environment: dict[str, Any] | None, dataset: str) -> list[str]:
    """The class names that a run recorded, if it was trained on this dataset."""
    trained_on = (environment or {}).get("dataset")
    if not isinstance(trained_on, dict) or trained_on.get("name", dataset) != dataset:
        return []
    names = trained_on.get("class_names")
    return [str(name) for name in names] if isinstance(names, list) else []


def _read_efficiency(path: os.PathLike) -> "Efficiency":
    # Loads scikit-learn, which a report without such files does not need.
    from tfdeepsim.probes.label_efficiency import read_efficiency

    return read_efficiency(Path(path).parent, Path(path).stem.removeprefix("efficiency-"))
