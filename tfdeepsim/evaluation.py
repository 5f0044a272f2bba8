"""From contenders to scores: embed, probe, keep the results in each contender's folder."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.config import TrainConfig
from tfdeepsim.contenders.contender import Contender
from tfdeepsim.contenders.embeddings import embeddings_of
from tfdeepsim.contenders.run import run_contender
from tfdeepsim.data import open_dataset
from tfdeepsim.data.dataset import Sources
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions
from tfdeepsim.probes import check_task
from tfdeepsim.probes.efficiency import label_efficiency, read_efficiency
from tfdeepsim.probes.host import Host
from tfdeepsim.probes.result import ProbeResult, read_result
from tfdeepsim.probes.score import score_probe
from tfdeepsim.run import RunDirectory, slug
from tfdeepsim.scores import Score

SPLITS = ("probe_train", "probe_validation", "test")
# What makes two runs' data the same; the rest of the options says where and how it is kept.
SAME_DATA = ("dataset", "image_size", "resize", "crop", "shorter_side", "labels", "split", "split_seed")
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
        InputError: If one has no export, two have the same name, or they were trained on different data
            and `dataset` is None.
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
                "encoders of elsewhere need images", got="no --dataset", accepted="--dataset NAME, see --help"
            )
        return DataOptions(**given)
    names = {field.name for field in dataclasses.fields(DataOptions)}
    own = {name: value for name, value in configs[0].to_dict().items() if name in names}
    if given.get("dataset", own["dataset"]) != own["dataset"]:
        # Another dataset has other labels and splits, but must come in the size that the encoder takes.
        own = {"data_dir": own["data_dir"], "image_size": shape[0] if shape else None}
    return DataOptions(**{**own, **given})


def open_sources(options: DataOptions) -> Sources:
    """The splits of the dataset that `options` names, read when they are asked for."""
    dataset = open_dataset(options.dataset, options.data_dir, options)
    return Sources(dataset, options.cache)


def probe_data(
    run: RunDirectory | Contender, options: DataOptions | None = None, sources: Sources | None = None
) -> ProbeData:
    """A contender's embeddings of the probe splits with their labels; computed once, memory-mapped.

    Args:
        run: A trained run, or another contender.
        options: What to embed; None for what the run was trained on.
        sources: Of the same dataset, where it is open already.

    Raises:
        InputError: If the encoder cannot be used on these images, or they have no labels.
    """
    contender = run if isinstance(run, Contender) else run_contender(run)
    if options is None:
        options = TrainConfig.from_dict(contender.folder.read_config())
    sources = sources or open_sources(options)
    dataset = sources.dataset
    task, label = dataset.labelled()
    embeddings = embeddings_of(contender, options.dataset, sources, SPLITS)
    pairs = []
    for split in SPLITS:
        mask, labels = dataset.probe_mask(sources[split]), sources[split].labels[label]
        # A mask that keeps all would copy all.
        pairs.append((embeddings[split], labels) if mask.all() else (embeddings[split][mask], labels[mask]))
    return ProbeData(options.dataset, f"{contender.identity}-{dataset.fingerprint}", task, *pairs)


def evaluate(
    contenders: Sequence[Contender],
    options: DataOptions,
    sources: Sources,
    *,
    probes: Sequence[str] = ("mlp",),
    host: Host | None = None,
    fractions: Sequence[float] = (),
) -> list[Score]:
    """Probe the embeddings of `contenders`, and keep results and embeddings in the folder of each.

    A result that is there already, of the same embeddings and settings, is not computed again.

    Args:
        contenders: Rows of the table to be.
        options: Names the dataset.
        sources: Of that dataset.
        probes: Kinds of probes.
        host: Settings of the `mlp` probes.
        fractions: Shares of the labels for a label-efficiency curve of the first probe; empty for none.

    Returns:
        One score a contender, probe and metric.

    Raises:
        InputError: If an embedding is not finite, or the dataset has no labels.
    """
    check_names(contenders)
    for probe in probes:
        check_task(probe, sources.dataset.task or "")
    host = host or Host()
    scores = []
    for contender in contenders:
        contender.folder.path.mkdir(parents=True, exist_ok=True)
        with contender.folder.locked():
            data = probe_data(contender, options, sources)
            for probe in probes:
                scores += _probe(contender, data, probe, host).scores
            if fractions:
                _efficiency(contender, data, probes[0], fractions, host)
    return scores


def check_names(contenders: Sequence[Contender]) -> None:
    """Raises InputError if two rows of a table would have the same name."""
    names = [contender.name for contender in contenders]
    if len(set(names)) < len(names):
        raise InputError(
            "rows of a table are told apart by their names", got=", ".join(names), accepted="different names"
        )


def _probe(contender: Contender, data: ProbeData, probe: str, host: Host) -> ProbeResult:
    folder = contender.folder.results / slug(data.dataset)
    asked = _asked(data, probe, host)
    try:
        found = read_result(folder, probe)
        if found.settings.get("asked") == asked:
            print(f"{contender.name}: {probe} probes scored already")
            return found
    except InputError:
        pass  # none yet, or not usable
    print(f"{contender.name}: {probe} probes on {data.train[0].shape[1]} dimensions")
    result = score_probe(probe, *data.splits, data.task, host=host).of_run(
        run=contender.name,
        model=contender.model,
        loss=contender.loss,
        comparator=contender.comparator,
        dataset=data.dataset,
    )
    result = dataclasses.replace(result, settings=result.settings | {"asked": asked})
    result.save(folder)
    return result


def _efficiency(
    contender: Contender, data: ProbeData, probe: str, fractions: Sequence[float], host: Host
) -> None:
    folder = Path(contender.folder.results, slug(data.dataset))
    asked = _asked(data, probe, host) | {"fractions": list(fractions)}
    try:
        if read_efficiency(folder, probe).asked == asked:
            return
    except InputError:
        pass  # none yet, or not usable
    print(f"{contender.name}: {probe} probes on fewer labels")
    curve = label_efficiency(probe, *data.splits, data.task, fractions=tuple(fractions), host=host)
    dataclasses.replace(curve, asked=asked).save(folder)


def _asked(data: ProbeData, probe: str, host: Host) -> dict[str, Any]:
    return {"embeddings": data.fingerprint, "host": host.settings if probe == "mlp" else None}
