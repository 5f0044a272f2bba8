"""From representations to scores: embed, probe, keep the results in each representation's
folder."""

import dataclasses
from collections.abc import Sequence
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
from tfdeepsim.representations.trained_run import run_representation
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score

SPLITS = ("probe_train", "probe_validation", "test")
# What makes two runs' data the same; the rest of the options says where and how it is kept.
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
Pair = tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class ProbeData:
    """Embeddings with labels, as probes take them.

    Attributes:
        dataset: As the command line spells it.
        fingerprint: Of encoder and data: changes with any embedding or label.
        task: `regression` or `classification`.
        train: Embeddings float32 [N, Z] and labels of probe-train.
        validation: The same of probe-validation.
        test: The same of test.
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


def check_runs(runs: Sequence[RunDirectory], dataset: str | None = None) -> list[TrainConfig]:
    """The configs of runs that can be compared.

    Args:
        runs: Trained runs.
        dataset: What to evaluate on; None for the one that all were trained on.

    Raises:
        InputError: If one has no export, two have the same name, or they were trained on different
            data and `dataset` is None.
    """
    configs = [TrainConfig.from_dict(run.read_config()) for run in runs]
    for run in runs:
        if not run.encoder.is_dir():
            raise InputError(
                "an evaluated run has an exported encoder",
                got=f"{run.path} without {run.encoder.name}/",
                accepted=f"a run that finished; go on with: train.py --resume --run-dir {run.path}",
            )
    if dataset is None:
        _check_same_data(runs, configs)
    return configs


def _check_same_data(runs: Sequence[RunDirectory], configs: Sequence[TrainConfig]) -> None:
    for name in SAME_DATA:
        values = [getattr(config, name) for config in configs]
        if len(set(values)) > 1:
            of_runs = zip(runs, values, strict=True)
            raise InputError(
                f"runs in one table share a dataset; their {name} differs",
                got=", ".join(f"{run.name} on {value}" for run, value in of_runs),
                accepted="runs of one dataset, or --dataset NAME to embed the same images with all of them",
            )


def data_of(
    configs: Sequence[TrainConfig], shape: Sequence[int] | None, given: dict[str, Any]
) -> DataOptions:
    """The data to evaluate on: that of the runs, where nothing else is given.

    Args:
        configs: Of the runs; may be empty.
        shape: Image shape that the first run was trained on.
        given: Fields of `DataOptions` that a user set.

    Raises:
        InputError: If there is neither a run nor a dataset.
    """
    if not configs:
        if "dataset" not in given:
            raise InputError(
                "encoders of elsewhere need images",
                got="no --dataset",
                accepted="--dataset NAME, see --help",
            )
        return DataOptions(**given)
    names = {field.name for field in dataclasses.fields(DataOptions)}
    own = {name: value for name, value in configs[0].to_dict().items() if name in names}
    if given.get("dataset", own["dataset"]) != own["dataset"]:
        # Another dataset has other labels and split_names, but must come in the size that the
        # encoder takes.
        own = {"data_dir": own["data_dir"], "image_size": shape[0] if shape else None}
    return DataOptions(**{**own, **given})


def open_splits(options: DataOptions) -> Splits:
    """The split_names of the dataset that `options` names, read when they are asked for."""
    dataset = open_dataset(options.dataset, options.data_dir, options)
    return Splits(dataset, options.cache)


def probe_data(
    run: RunDirectory | Representation,
    options: DataOptions | None = None,
    splits: Splits | None = None,
) -> ProbeData:
    """A representation's embeddings of the probe split_names with their labels; computed once,
    memory-mapped.

    Args:
        run: A trained run, or another representation.
        options: What to embed; None for what the run was trained on.
        splits: Of the same dataset, where it is open already.

    Raises:
        InputError: If the encoder cannot be used on these images, or they have no labels.
    """
    representation = run if isinstance(run, Representation) else run_representation(run)
    if options is None:
        options = TrainConfig.from_dict(representation.folder.read_config())
    splits = splits or open_splits(options)
    dataset = splits.dataset
    task, label = dataset.labelled()
    embeddings = embeddings_of(representation, options.dataset, splits, SPLITS)
    pairs = []
    for split in SPLITS:
        mask, labels = dataset.probe_mask(splits[split]), splits[split].labels[label]
        # A mask that keeps all would copy all.
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
    """Probe the embeddings of `representations`, and keep results and embeddings in the folder of
    each.

    A result that is there already, of the same embeddings and settings, is not computed again.

    Args:
        representations: Rows of the table to be.
        options: Names the dataset.
        splits: Of that dataset.
        probes: Kinds of probes.
        suite: Settings of the `mlp` probes.
        fractions: Shares of the labels for a label-efficiency curve of the first probe; empty for
            none.

    Returns:
        One score a representation, probe and metric.

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
                scores += _probe(representation, data, probe, suite).scores
            if fractions:
                _efficiency(representation, data, probes[0], fractions, suite)
    return scores


def check_names(representations: Sequence[Representation]) -> None:
    """Raises InputError if two rows of a table would have the same name."""
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
    folder = representation.folder.results / slug(data.dataset)
    asked = _asked(data, probe, suite)
    try:
        found = read_result(folder, probe)
        if found.settings.get("asked") == asked:
            print(f"{representation.name}: {probe} probes scored already")
            return found
    except InputError:
        pass  # none yet, or not usable
    print(f"{representation.name}: {probe} probes on {data.train[0].shape[1]} dimensions")
    result = score_probe(probe, *data.splits, data.task, suite=suite).of_run(
        run=representation.name,
        model=representation.model,
        loss=representation.loss,
        comparator=representation.comparator,
        dataset=data.dataset,
    )
    result = dataclasses.replace(result, settings=result.settings | {"asked": asked})
    result.save(folder)
    return result


def _efficiency(
    representation: Representation,
    data: ProbeData,
    probe: str,
    fractions: Sequence[float],
    suite: MlpSuite,
) -> None:
    folder = Path(representation.folder.results, slug(data.dataset))
    asked = _asked(data, probe, suite) | {"fractions": list(fractions)}
    try:
        if read_efficiency(folder, probe).asked == asked:
            return
    except InputError:
        pass  # none yet, or not usable
    print(f"{representation.name}: {probe} probes on fewer labels")
    curve = label_efficiency(
        probe, *data.splits, data.task, fractions=tuple(fractions), suite=suite
    )
    dataclasses.replace(curve, asked=asked).save(folder)


def _asked(data: ProbeData, probe: str, suite: MlpSuite) -> dict[str, Any]:
    return {"embeddings": data.fingerprint, "suite": suite.settings if probe == "mlp" else None}
