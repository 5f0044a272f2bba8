"""A study: several losses, each trained with the same seeds.

Runs are paired by their seed: runs of one seed start from the same weights and see the same images
in the same order, whatever their loss.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.console import PlainConsole
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.errors import InputError
from tfdeepsim.export import export
from tfdeepsim.options import DataOptions
from tfdeepsim.representations import BASELINE_NAMES
from tfdeepsim.representations.baselines import baselines, usable
from tfdeepsim.representations.representation import Representation
from tfdeepsim.representations.trained_run import TrainedRun
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score, interval
from tfdeepsim.training.build import build_model
from tfdeepsim.training.checkpoint import TrainingProgress
from tfdeepsim.training.tasks import make_task
from tfdeepsim.training.trainer import make_plan, train
from tfdeepsim.work_sharing import in_turn

MOST_SEEDS = 1000
"""Largest number of runs of a loss."""


@dataclasses.dataclass(frozen=True)
class Study:
    """Several losses, each trained with the same seeds.

    Attributes:
        folder: Folder that holds one run per loss and seed, e.g. `pixel-seed0`.
        configs: Config of each loss by the name of its row; its seed is the first one.
        seeds: Number of runs of each loss.
        data: The dataset, if it was described or opened before; None to open it. Runs with other
            data options open their own.

    Raises:
        InputError: If there is no seed, a row has the name of a baseline, or the strategy is
            `multiworker`.

    Example:
        >>> study = Study(Path("runs"), {"pixel": TrainConfig(), "l1": TrainConfig(loss="l1")}, 5)
        >>> study.train()
    """

    folder: Path
    configs: dict[str, TrainConfig]
    seeds: int
    data: LazyDataset | None = dataclasses.field(default=None, repr=False, compare=False)
    _datasets: dict[DataOptions, LazyDataset] = dataclasses.field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= MOST_SEEDS:
            raise InputError(
                "--seeds must be a number of runs", got=self.seeds, accepted=f"1 to {MOST_SEEDS}"
            )
        if reserved := sorted(set(self.configs) & set(BASELINE_NAMES)):
            raise InputError(
                "a row must not have the name of a baseline",
                got=reserved[0],
                accepted="another name for the row",
            )
        if any(config.strategy == "multiworker" for config in self.configs.values()):
            raise InputError(
                "several machines share the runs of a study, not the steps of a run",
                got="--strategy multiworker",
                accepted="the same command on each machine, without it and with one --run-dir",
            )
        if self.data is not None:
            self._datasets[self.data.options] = self.data

    def config(self, name: str, number: int) -> TrainConfig:
        """The config of run `number` of a row, counted from 0."""
        config = self.configs[name]
        return dataclasses.replace(config, seed=config.seed + number)

    def run(self, name: str, number: int = 0) -> RunDirectory:
        """The directory of run `number` of a row, counted from 0."""
        return RunDirectory(self.folder / f"{name}-seed{self.config(name, number).seed}")

    def splits(self, options: DataOptions) -> Splits:
        """The splits of a dataset; all runs on it share them."""
        return self._dataset(options).splits

    def _dataset(self, options: DataOptions) -> LazyDataset:
        dataset = LazyDataset(options)
        return self._datasets.setdefault(dataset.options, dataset)

    def check(self) -> None:
        """Refuse a folder that holds other runs under these names; changes nothing.

        Raises:
            InputError: If a run in the folder was trained with another config.
        """
        for name in self.configs:
            for number in range(self.seeds):
                check_same_config(self.config(name, number), self.run(name, number))

    def cost(self) -> tuple[int, float]:
        """The number of runs that are still to be trained, and the approximate time in seconds that
        they take on this machine."""
        runs, seconds = 0, 0.0
        for name, config in self.configs.items():
            missing = sum(
                not self.run(name, number).encoder.is_dir() for number in range(self.seeds)
            )
            if missing:
                task = make_task(config, self._dataset(config))
                seconds += missing * make_plan(task, build_model(task), TrainingProgress()).seconds
                runs += missing
        return runs, seconds

    def train(self, dry_run: bool = False, console: rich.console.Console | None = None) -> None:
        """Train the missing runs, seed by seed, so that losses can be compared early.

        Several processes can train one study, also on several machines with a shared folder: each
        takes the next run that no other has. This returns when all runs are finished.

        Args:
            dry_run: Whether to check everything, print the cost, and stop.
            console: Console for plans and progress; None for standard output.
        """
        console = console or PlainConsole()
        runs = [(name, number) for number in range(self.seeds) for name in self.configs]
        paths = {(name, number): self.run(name, number).path for name, number in runs}
        turns = runs[: len(self.configs)] if dry_run else in_turn(paths, console)
        for name, number in turns:
            config, run = self.config(name, number), self.run(name, number)
            console.rule(f"{runs.index((name, number)) + 1} of {len(runs)}: {run.name}")
            ensure_trained(
                config, run, dry_run=dry_run, console=console, data=self._dataset(config)
            )
        if dry_run:
            console.print(f"and the same with {self.seeds} seeds in all")

    def representations(self, name: str) -> list[Representation]:
        """The trained runs of a row, one per seed."""
        return [TrainedRun(self.run(name, number)) for number in range(self.seeds)]

    def baselines(
        self, names: Sequence[str], splits: Splits
    ) -> tuple[dict[str, list[Representation]], list[str]]:
        """Baselines for the table.

        Args:
            names: Some of `BASELINE_NAMES`.
            splits: Splits of the dataset that rows are compared on.

        Returns:
            Baselines by their name, one per seed, and a sentence for each that is left out.
        """
        rows: dict[str, list[Representation]] = {}
        reasons: list[str] = []
        for name in names:
            for number in range(self.seeds):
                able, missing = baselines_for(
                    [self._example(number)], [name], self.folder / "baselines", splits
                )
                if able:
                    rows.setdefault(name, []).extend(able)
                reasons += missing
        return rows, list(dict.fromkeys(reasons))

    def _example(self, number: int) -> TrainConfig:
        """The first config with a comparator, which `comparator_features` uses, else the first."""
        configs = [self.config(name, number) for name in self.configs]
        return next((config for config in configs if config.comparator), configs[0])


def baselines_for(
    configs: Sequence[TrainConfig], names: Sequence[str], parent: Path, splits: Splits
) -> tuple[list[Representation], list[str]]:
    """Baselines for a table of runs, with their embedding size, comparator, seed and number of
    steps.

    Args:
        configs: Configs of the runs in the table; may be empty.
        names: Some of `BASELINE_NAMES`.
        parent: Folder in which a folder for each baseline is created.
        splits: Splits of the dataset that rows are compared on.

    Returns:
        The usable baselines, and a sentence for each of the others that says why it is left out.
    """
    first = configs[0] if configs else TrainConfig()
    comparator_config = next((config for config in configs if config.comparator), first)
    steps = max(1, splits.dataset.splits["probe_train"] // first.batch_size)
    candidates = baselines(
        names,
        parent=parent,
        latent_dim=first.latent_dim,
        comparator_config=comparator_config,
        seed=first.seed,
        epochs=-(-first.total_steps(steps) // steps),
        batch_size=first.batch_size,
    )
    return usable(candidates, splits.dataset)


def ensure_trained(
    config: TrainConfig,
    run: RunDirectory,
    *,
    dry_run: bool = False,
    console: rich.console.Console | None = None,
    data: LazyDataset | None = None,
) -> None:
    """Train a run and export its result; an unfinished run is resumed, a finished one is kept.

    Args:
        config: Config of the run.
        run: The run directory.
        dry_run: Whether to check everything, print the cost, and stop.
        console: Console for the plan and progress; None for standard output.
        data: The dataset of `config`, if several runs share it; None to open it.

    Raises:
        InputError: If the directory holds a run that was trained with another config.
    """
    console = console or PlainConsole()
    check_same_config(config, run)
    if run.outcome(config.task).exists():
        console.print("finished already")
        return
    resume = run.config.is_file()
    network = train(config, run, resume=resume, dry_run=dry_run, console=console, data=data)
    if not dry_run and config.task != "comparator":
        export(run, network)


def check_same_config(config: TrainConfig, run: RunDirectory) -> None:
    """Raise an InputError if `run` holds a run that was trained with another config.

    The place of the data may differ, whether features are kept, and how often the state is saved.
    """
    if not run.config.is_file():
        return
    stored = TrainConfig.from_dict(run.read_config()).to_dict()
    differing = {name for name, value in config.to_dict().items() if stored[name] != value}
    differing -= {"data_dir", "cache", "parallel_reads", "allow_duplicates"}
    differing -= {"checkpoint_minutes", "keep_features"}
    if differing:
        name = sorted(differing)[0]
        raise InputError(
            "a comparison continues only its own runs",
            got=f"{run.path}, trained with {name} {stored[name]}, not {getattr(config, name)}",
            accepted="another --run-dir, or the arguments of the first time",
        )


def over_seeds(name: str, runs: Sequence[Sequence[Score]]) -> list[Score]:
    """Merge the scores of runs that differ in their seed.

    Args:
        name: Name of the row.
        runs: Scores of each run; all runs have the same probes and metrics.

    Returns:
        One score per probe and metric, whose `values` are the means of each run over its probes. A
        single run keeps its interval over probes.
    """
    if len(runs) == 1:
        return [dataclasses.replace(score, run=name) for score in runs[0]]
    merged = []
    for scores in zip(*runs, strict=True):
        values = tuple(score.value for score in scores)
        value, low, high = interval(values)
        merged.append(
            dataclasses.replace(
                scores[0],
                run=name,
                value=value,
                low=low,
                high=high,
                values=values,
                seeds=len(values),
                over="encoder",
            )
        )
    return merged
