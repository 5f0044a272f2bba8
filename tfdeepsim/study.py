"""A comparison of losses over seeds: paired runs, finished ones reused, and one score a loss.

Runs are paired by their seed: runs of one seed start from the same weights and see the same images
in the same order, whatever their loss.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Splits
from tfdeepsim.errors import InputError
from tfdeepsim.representations import BASELINE_NAMES
from tfdeepsim.representations.baselines import baselines, usable
from tfdeepsim.representations.representation import Representation
from tfdeepsim.representations.trained_run import run_representation
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score, interval


@dataclasses.dataclass(frozen=True)
class Study:
    """Several losses, each trained with the same seeds.

    Attributes:
        folder: Holds one run a loss and seed, as `pixel-seed0`.
        configs: What is trained, by the name of its row; their own seed is the first.
        seeds: Runs a loss.
    """

    folder: Path
    configs: dict[str, TrainConfig]
    seeds: int

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise InputError(
                "--seeds must be a number of runs", got=self.seeds, accepted="1 or more"
            )
        if taken := sorted(set(self.configs) & set(BASELINE_NAMES)):
            raise InputError(
                "a row must not have the name of a baseline",
                got=taken[0],
                accepted="another name for the row",
            )

    def config(self, name: str, number: int) -> TrainConfig:
        """The config of the run `number` of a row, counted from 0."""
        config = self.configs[name]
        return dataclasses.replace(config, seed=config.seed + number)

    def run(self, name: str, number: int = 0) -> RunDirectory:
        """The folder of the run `number` of a row, counted from 0."""
        return RunDirectory(self.folder / f"{name}-seed{self.config(name, number).seed}")

    def check(self) -> None:
        """Refuse a folder that holds other runs under these names. Changes nothing.

        Raises:
            InputError: If a run is there that was trained otherwise.
        """
        for name in self.configs:
            for number in range(self.seeds):
                check_own(self.config(name, number), self.run(name, number))

    def cost(self) -> tuple[int, float]:
        """How many runs are still to be trained, and about how many seconds they take on this
        machine."""
        from tfdeepsim.training.build import build_model
        from tfdeepsim.training.checkpoint import Progress
        from tfdeepsim.training.tasks import make_task
        from tfdeepsim.training.trainer import make_plan

        runs, seconds = 0, 0.0
        for name, config in self.configs.items():
            todo = sum(not self.run(name, number).encoder.is_dir() for number in range(self.seeds))
            if todo:
                task = make_task(config)
                seconds += todo * make_plan(task, build_model(task), Progress()).seconds
                runs += todo
        return runs, seconds

    def train(self, dry_run: bool = False, console: rich.console.Console | None = None) -> None:
        """Train what is not trained yet, seed by seed, so that what there is can be compared
        early."""
        console = console or rich.console.Console()
        todo = [(name, number) for number in range(self.seeds) for name in self.configs]
        for count, (name, number) in enumerate(todo, 1):
            run = self.run(name, number)
            console.rule(f"{count} of {len(todo)}: {run.name}")
            ensure_trained(self.config(name, number), run, dry_run=dry_run, console=console)
            if dry_run and count == len(self.configs):
                console.print(f"and the same with {self.seeds} seeds in all", highlight=False)
                return

    def representations(self, name: str) -> list[Representation]:
        """The trained runs of a row, one a seed."""
        return [run_representation(self.run(name, number)) for number in range(self.seeds)]

    def baselines(
        self, names: Sequence[str], splits: Splits
    ) -> tuple[dict[str, list[Representation]], list[str]]:
        """Baselines by their name, one a seed, and why others are left out.

        Args:
            names: Some of `BASELINE_NAMES`.
            splits: What they are compared on.
        """
        rows: dict[str, list[Representation]] = {}
        reasons: list[str] = []
        for name in names:
            for number in range(self.seeds):
                made, missing = baselines_for(
                    [self._example(number)], [name], self.folder / "baselines", splits
                )
                if made:
                    rows.setdefault(name, []).extend(made)
                reasons += missing
        return rows, list(dict.fromkeys(reasons))

    def _example(self, number: int) -> TrainConfig:
        """The config whose comparator, if any has one, the baseline of the comparator's features
        uses."""
        configs = [self.config(name, number) for name in self.configs]
        return next((config for config in configs if config.comparator), configs[0])


def baselines_for(
    configs: Sequence[TrainConfig], names: Sequence[str], parent: Path, splits: Splits
) -> tuple[list[Representation], list[str]]:
    """Baselines for a table of runs: of their embedding's size, comparator, seed and length of
    training.

    Args:
        configs: Of the runs in the table; may be empty.
        names: Some of `BASELINE_NAMES`.
        parent: Folder that keeps them.
        splits: What they are compared on.

    Returns:
        Those that can stand in the table, and for each other a sentence that says why not.
    """
    first = configs[0] if configs else TrainConfig()
    compared = next((config for config in configs if config.comparator), first)
    steps = max(1, splits.dataset.splits["probe_train"] // first.batch_size)
    made = baselines(
        names,
        parent=parent,
        latent_dim=first.latent_dim,
        compared=compared,
        seed=first.seed,
        epochs=-(-first.total_steps(steps) // steps),
        batch_size=first.batch_size,
    )
    return usable(made, splits.dataset)


def ensure_trained(
    config: TrainConfig,
    run: RunDirectory,
    *,
    dry_run: bool = False,
    console: rich.console.Console | None = None,
) -> None:
    """Train a run and export its result; go on with it, or leave it if it is finished.

    Raises:
        InputError: If the folder holds a run that was trained otherwise.
    """
    from tfdeepsim.export import export
    from tfdeepsim.training.trainer import train

    console = console or rich.console.Console()
    check_own(config, run)
    if run.outcome(config.task).exists():
        console.print("finished already")
        return
    train(config, run, resume=run.config.is_file(), dry_run=dry_run, console=console)
    if not dry_run and config.task != "comparator":
        export(run)


def check_own(config: TrainConfig, run: RunDirectory) -> None:
    """Raises InputError if `run` holds a run that was trained otherwise than `config` says."""
    if not run.config.is_file():
        return
    there = TrainConfig.from_dict(run.read_config()).to_dict()
    differing = {name for name, value in config.to_dict().items() if there[name] != value} - {
        "data_dir",
        "cache",
    }
    if differing:
        name = sorted(differing)[0]
        raise InputError(
            "a comparison goes on only with its own runs",
            got=f"{run.path}, trained with {name} {there[name]}, not {getattr(config, name)}",
            accepted="another --run-dir, or the arguments of before",
        )


def over_seeds(name: str, runs: Sequence[Sequence[Score]]) -> list[Score]:
    """One score a probe and metric, over encoder seeds.

    Args:
        name: Of the row.
        runs: The scores of each run; every run has the same probes and metrics.

    Returns:
        Scores whose `values` are each run's mean over its probes. A single run keeps its own
        interval.
    """
    if len(runs) == 1:
        return [dataclasses.replace(score, run=name) for score in runs[0]]
    merged = []
    for same in zip(*runs, strict=True):
        values = tuple(score.value for score in same)
        value, low, high = interval(values)
        merged.append(
            dataclasses.replace(
                same[0],
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
