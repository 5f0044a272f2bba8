"""Evaluate representations: embed images, train probes, store results in each representation's
folder."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.data.dataset import Splits
from tfdeepsim.errors import InputError
from tfdeepsim.files import slug
from tfdeepsim.options import DataOptions
from tfdeepsim.probes import check_task
from tfdeepsim.probes.label_efficiency import label_efficiency, read_efficiency
from tfdeepsim.probes.mlp.suite import MlpSuite
from tfdeepsim.probes.result import ProbeResult, read_result
from tfdeepsim.probes.score import score_probe
from tfdeepsim.representations.embeddings import embeddings_of
from tfdeepsim.representations.representation import Representation
from tfdeepsim.representations.trained_run import TrainedRun
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score

PROBE_SPLITS = ("probe_train", "probe_validation", "test")

SAME_DATA = (
    "dataset",
    "image_size",
    "resize",
    "crop",
    "shorter_side",
    "labels",
    "split",
    "split_seed",
)
"""Fields of `DataOptions` that must be equal for two runs to have the same data. The others say
where and how the data are stored."""

Pair = tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class ProbeData:
    """Embeddings and labels that probes are trained and scored on.

    Attributes:
        dataset: Name of the dataset as on the command line.
        fingerprint: Identity of encoder and data; changes with any embedding or label.
        task: `regression` or `classification`.
        train: Embeddings float32 [N, Z] and labels [N, ...] of `probe_train`.
        validation: The same of `probe_validation`.
        test: The same of `test`.

    Example:
        >>> data = probe_data(TrainedRun(RunDirectory("runs/ae")))
        >>> result = score_probe("linear", *data.splits, data.task)
    """

    dataset: str
    fingerprint: str
    task: str
    train: Pair
    validation: Pair
    test: Pair

    @property
    def splits(self) -> tuple[Pair, Pair, Pair]:
        """Train, validation and test."""
        return self.train, self.validation, self.test


def trained_runs(runs: Sequence[RunDirectory], dataset: str | None = None) -> list[TrainedRun]:
    """Runs as representations, checked to be comparable.

    Args:
        runs: Directories of trained runs.
        dataset: Name of the dataset to evaluate on; None for the one that all were trained on.

    Raises:
        InputError: If a run has no exported encoder, or the runs were trained on different data and
            `dataset` is None.
    """
    for run in runs:
        if run.config.is_file() and not run.encoder.is_dir():
            raise InputError(
                "an evaluated run has an exported encoder",
                got=f"{run.path} without {run.encoder.name}/",
                accepted=f"a run that is finished; resume it with: "
                f"train.py --resume --run-dir {run.path}",
            )
    representations = [TrainedRun(run) for run in runs]
    if dataset is None:
        _check_same_data(representations)
    return representations


def _check_same_data(runs: Sequence[TrainedRun]) -> None:
    for name in SAME_DATA:
        values = [getattr(run.config, name) for run in runs]
        if len(set(values)) > 1:
            raise InputError(
                f"runs in one table share a dataset; their {name} differs",
                got=", ".join(
                    f"{run.name} on {value}" for run, value in zip(runs, values, strict=True)
                ),
                accepted="runs of one dataset, or --dataset NAME to embed the same images with all "
                "of them",
            )


def data_options(
    configs: Sequence[TrainConfig],
    image_shape: Sequence[int] | None,
    user_options: Mapping[str, Any],
) -> DataOptions:
    """The data to evaluate on: that of the runs, unless the user chose otherwise.

    Args:
        configs: Configs of the evaluated runs; may be empty.
        image_shape: Image shape that the first run was trained on; None if there is no run.
        user_options: Fields of `DataOptions` that the user set.

    Raises:
        InputError: If there is neither a run nor a dataset.
    """
    if not configs:
        if "dataset" not in user_options:
            raise InputError(
                "external encoders need images",
                got="no --dataset",
                accepted="--dataset NAME, see --help",
            )
        return DataOptions(**user_options)
    names = {field.name for field in dataclasses.fields(DataOptions)}
    options = {name: value for name, value in configs[0].to_dict().items() if name in names}
    if user_options.get("dataset", options["dataset"]) != options["dataset"]:
        # Another dataset has other labels and splits, but needs the image size of the encoder.
        options = {
            "data_dir": options["data_dir"],
            "image_size": image_shape[0] if image_shape else None,
        }
    return DataOptions(**{**options, **user_options})


def open_splits(options: DataOptions) -> Splits:
    """The splits of a dataset; each is read when it is first used."""
    dataset = open_dataset(options.dataset, options.data_dir, options)
    return Splits(dataset, options.cache)


def probe_data(
    representation: Representation,
    options: DataOptions | None = None,
    splits: Splits | None = None,
) -> ProbeData:
    """Embeddings of the probe splits with their labels.

    Embeddings are computed once and memory-mapped.

    Args:
        representation: The representation that embeds.
        options: Options of the dataset; None for those that a trained run was trained with.
        splits: Splits of this dataset; None to open it.

    Raises:
        InputError: If the images cannot be embedded, or they have no labels.
    """
    if options is None:
        options = TrainConfig.from_dict(representation.folder.read_config())
    splits = splits or open_splits(options)
    dataset = splits.dataset
    task, label = dataset.labelled()
    embeddings = embeddings_of(representation, options.dataset, splits, PROBE_SPLITS)
    pairs = []
    for split in PROBE_SPLITS:
        mask, labels = dataset.probe_mask(splits[split]), splits[split].labels[label]
        # Indexing with a mask copies, which is needless if it selects everything.
        pairs.append(
            (embeddings[split], labels) if mask.all() else (embeddings[split][mask], labels[mask])
        )
    return ProbeData(
        options.dataset, f"{representation.identity}-{dataset.fingerprint}", task, *pairs
    )


def evaluate(
    representations: Sequence[Representation],
    options: DataOptions,
    splits: Splits,
    *,
    probes: Sequence[str] = ("mlp",),
    suite: MlpSuite | None = None,
    fractions: Sequence[float] = (),
) -> list[Score]:
    """Train probes on the embeddings of representations.

    Embeddings and results are stored in the folder of each representation. A stored result of the
    same embeddings and settings is reused.

    Args:
        representations: The rows of a table.
        options: Options of the dataset.
        splits: Splits of that dataset.
        probes: Kinds of probes.
        suite: Settings of the `mlp` probes; None for the defaults.
        fractions: Fractions of the labels for a label-efficiency curve of the first probe; empty
            for no curve.

    Returns:
        One score per representation, probe and metric.

    Raises:
        InputError: If an embedding is not finite, or the dataset has no labels.
    """
    check_names(representations)
    for probe in probes:
        check_task(probe, splits.dataset.task or "")
    suite = suite or MlpSuite()
    scores = []
    for representation in representations:
        representation.folder.path.mkdir(parents=True, exist_ok=True)
        with representation.folder.locked():
            data = probe_data(representation, options, splits)
            for probe in probes:
                result = _probe(representation, data, probe, suite)
                # Earlier versions stored results without the labels that networks saw; and the run
                # may have been renamed since.
                scores += [
                    dataclasses.replace(
                        score,
                        run=representation.name,
                        saw_labels=representation.saw_labels,
                        encoder_saw_labels=representation.encoder_saw_labels,
                    )
                    for score in result.scores
                ]
            if fractions:
                _efficiency(representation, data, probes[0], fractions, suite)
    return scores


def check_names(representations: Sequence[Representation]) -> None:
    """Raise an InputError if two rows of a table would have the same name."""
    names = [representation.name for representation in representations]
    if len(set(names)) < len(names):
        raise InputError(
            "rows of a table are told apart by their names",
            got=", ".join(names),
            accepted="different names",
        )


def _probe(
    representation: Representation, data: ProbeData, probe: str, suite: MlpSuite
) -> ProbeResult:
    """The stored result if there is one of the same embeddings and settings, else a new one."""
    folder = representation.folder.results / slug(data.dataset)
    requested = _requested(data, probe, suite)
    try:
        stored = read_result(folder, probe)
        if stored.settings.get("asked") == requested:
            print(f"{representation.name}: {probe} probes are scored already")
            return stored
    except InputError:
        pass  # missing or damaged
    print(f"{representation.name}: {probe} probes on {data.train[0].shape[1]} dimensions")
    result = score_probe(probe, *data.splits, data.task, suite=suite).of_run(
        run=representation.name,
        model=representation.model,
        loss=representation.loss,
        comparator=representation.comparator,
        dataset=data.dataset,
    )
    result = dataclasses.replace(result, settings=result.settings | {"asked": requested})
    result.save(folder)
    return result


def _efficiency(
    representation: Representation,
    data: ProbeData,
    probe: str,
    fractions: Sequence[float],
    suite: MlpSuite,
) -> None:
    """Compute and store a label-efficiency curve, unless the same one is stored."""
    folder = Path(representation.folder.results, slug(data.dataset))
    requested = _requested(data, probe, suite) | {"fractions": list(fractions)}
    try:
        if read_efficiency(folder, probe).requested == requested:
            return
    except InputError:
        pass  # missing or damaged
    print(f"{representation.name}: {probe} probes on fewer labels")
    curve = label_efficiency(
        probe, *data.splits, data.task, fractions=tuple(fractions), suite=suite
    )
    dataclasses.replace(curve, requested=requested).save(folder)


def _requested(data: ProbeData, probe: str, suite: MlpSuite) -> dict[str, Any]:
    """Everything that determines a result, as JSON values."""
    return {"embeddings": data.fingerprint, "suite": suite.settings if probe == "mlp" else None}
