"""From trained runs to scores: embed, probe, keep the results in each run."""

from collections.abc import Sequence

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.embed import embed_run
from tfdeepsim.errors import InputError
from tfdeepsim.probes.host import Host
from tfdeepsim.probes.score import score_probe
from tfdeepsim.run import RunDirectory, slug
from tfdeepsim.scores import Score

SPLITS = ("probe_train", "probe_validation", "test")


def check_runs(runs: Sequence[RunDirectory], dataset: str | None = None) -> list[TrainConfig]:
    """The configs of runs that can be compared.

    Args:
        runs: Trained runs.
        dataset: What to evaluate on; None for the one that all were trained on.

    Raises:
        InputError: If one has no export, two have the same name, or they were trained on different datasets
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
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        raise InputError(
            "runs are told apart by their folder's name", got=", ".join(names), accepted="different names"
        )
    datasets = sorted({config.dataset for config in configs})
    if dataset is None and len(datasets) > 1:
        raise InputError(
            "runs in one table share a dataset",
            got=", ".join(
                f"{run.name} on {config.dataset}" for run, config in zip(runs, configs, strict=True)
            ),
            accepted="runs of one dataset, or --dataset NAME to embed the same images with all of them",
        )
    return configs


def evaluate(
    runs: Sequence[RunDirectory],
    *,
    host: Host,
    dataset: str | None = None,
    data_dir: str | None = None,
) -> list[Score]:
    """Probe the embeddings of `runs`, and keep results and embeddings in each.

    Args:
        runs: Trained runs of one dataset.
        host: The probes that are trained on every embedding.
        dataset: What to evaluate on; None for the one that all were trained on.
        data_dir: Where tfds keeps datasets; None for where the first run's are.

    Returns:
        One score a run and metric.

    Raises:
        InputError: As `check_runs`, or if an embedding is not finite.
    """
    configs = check_runs(runs, dataset)
    name = dataset or configs[0].dataset
    data = open_dataset(name, data_dir or configs[0].data_dir)
    sources = {split: data.source(split) for split in SPLITS}
    masks = {split: data.probe_mask(source) for split, source in sources.items()}
    scores = []
    for run, config in zip(runs, configs, strict=True):
        print(f"{run.name}: embedding and probing")
        with run.locked():
            embeddings = embed_run(run, name, data.fingerprint, sources)
            pairs = [
                (embeddings[split][masks[split]], sources[split].labels[data.label][masks[split]])
                for split in SPLITS
            ]
            train, validation, test = pairs
            result = score_probe(train, validation, test, data.task, host)
            result = result.of_run(
                run=run.name,
                model=config.model,
                loss=config.loss_name,
                comparator=config.comparator or "",
                dataset=name,
            )
            result.save(run.results / slug(name))
        scores += result.scores
    return scores
