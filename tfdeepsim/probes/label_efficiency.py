"""Label efficiency: how well a probe does with a share of the labels."""

import dataclasses
import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.files import write_json
from tfdeepsim.probes import check_task
from tfdeepsim.probes.data.splits import EmbeddingSplit, check_splits
from tfdeepsim.probes.data.subset import subset
from tfdeepsim.probes.metrics import METRICS, best_constant, measure
from tfdeepsim.scores import interval

if TYPE_CHECKING:
    from tfdeepsim.probes.mlp.suite import MlpSuite

FRACTIONS = (0.01, 0.1, 1.0)

# Fewer rows than this are no basis for a regression.
_LEAST_ROWS = 10


@dataclasses.dataclass(frozen=True)
class Point:
    """One point of a curve.

    Attributes:
        metric: As in `Score`.
        fraction: Share of the labels that was asked for.
        examples: How many examples of probe-train were learned from.
        validation_examples: How many of probe-validation were chosen by.
        value: Mean over repeats, on the whole test split.
        low: Lower end of the 95 % interval over repeats; NaN for a single one.
        high: Upper end of it.
        chance: The same metric for the best constant prediction of the examples learned from, mean
            over repeats.
        values: The numbers that `value` is the mean of.
    """

    metric: str
    fraction: float
    examples: int
    validation_examples: int
    value: float
    low: float
    high: float
    chance: float
    values: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Efficiency:
    """Scores of one kind of probe on one set of embeddings over the number of labels.

    Attributes:
        probe: Kind of probe, e.g. `mlp`.
        task: `regression` or `classification`.
        points: By metric, then by rising fraction.
        asked: What it was computed for, as JSON values, for whoever wants to know whether it is
            current.
    """

    probe: str
    task: str
    points: list[Point]
    asked: dict[str, Any] | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Which metrics there are curves of."""
        return METRICS[self.task]

    def curve(self, metric: str) -> list[Point]:
        """The points of one metric, by rising fraction."""
        return [point for point in self.points if point.metric == metric]

    def save(self, folder: str | os.PathLike) -> None:
        """Write `efficiency-<probe>.json` into `folder`, whole or not at all."""
        write_json(
            _path(folder, self.probe), dataclasses.asdict(self) | {"metrics": list(self.metrics)}
        )


@dataclasses.dataclass(frozen=True)
class _Trial:
    examples: int
    validation_examples: int
    values: dict[str, float]
    chances: dict[str, float]


def label_efficiency(
    probe: str,
    train: tuple[Any, Any],
    validation: tuple[Any, Any],
    test: tuple[Any, Any],
    task: str,
    fractions: Sequence[float] = FRACTIONS,
    repeats: int = 5,
    *,
    suite: "MlpSuite | None" = None,
    progress: bool = True,
) -> Efficiency:
    """Score a probe that may use a share of the labels only.

    For each share and repeat, probe-train is cut to a random subset in which every class keeps its
    share and at least one example, and so is probe-validation: who has few labels has few to choose
    by. The test split stays whole. A repeat is a seed of the subsets, and for `mlp` of the suite
    too. With all labels the other probes would give the same number each time, so they have one
    repeat there.

    Args:
        probe: One of `PROBES`.
        train: Embeddings and labels, as for `score_probe`.
        validation: The same.
        test: The same.
        task: `"regression"` or `"classification"`.
        fractions: Shares of the labels, above 0, up to 1.
        repeats: Subsets a share, 1 or more.
        suite: Settings of `mlp`, of which every repeat uses one seed; [P]'s if None.
        progress: Whether to show a progress bar.

    Raises:
        InputError: If a share leaves fewer examples than there are classes, or fewer than 10 for
            regression; or as `score_probe` does.
    """
    check_task(probe, task)
    splits = check_splits(task, train=train, validation=validation, test=test)
    for fraction in fractions:
        _check_enough(fraction, splits["train"].labels)
    jobs = [
        (fraction, repeat)
        for fraction in sorted(fractions)
        for repeat in range(repeats if fraction < 1 or probe == "mlp" else 1)
    ]
    trials: dict[float, list[_Trial]] = {}
    for fraction, repeat in _tracked(jobs, probe, progress):
        trials.setdefault(fraction, []).append(_trial(probe, splits, task, fraction, repeat, suite))
    points = [_point(metric, *of_one) for metric in METRICS[task] for of_one in trials.items()]
    return Efficiency(probe, task, points)


def read_efficiency(folder: str | os.PathLike, probe: str) -> Efficiency:
    """What `Efficiency.save` wrote.

    Raises:
        InputError: If there is none of this probe, or it is damaged.
    """
    path = _path(folder, probe)
    try:
        record = json.loads(path.read_text())
        points = [
            Point(**point | {"values": tuple(map(float, point["values"]))})
            for point in record["points"]
        ]
        efficiency = Efficiency(record["probe"], record["task"], points, record["asked"])
        if (
            efficiency.probe != probe
            or not points
            or {point.metric for point in points} != set(efficiency.metrics)
        ):
            raise ValueError("not all that this probe was asked for")
        numbers = [number for p in points for number in (p.fraction, p.value, p.chance, *p.values)]
        if not all(map(math.isfinite, numbers)) or any(math.isinf(p.low + p.high) for p in points):
            raise ValueError("values that are no scores")
        return efficiency
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"the label efficiency of probe {probe} must be readable",
            got=f"{path} ({error})",
            accepted="a folder that evaluate.py wrote; run it again",
        ) from error


def _trial(
    probe: str,
    splits: dict[str, EmbeddingSplit],
    task: str,
    fraction: float,
    repeat: int,
    suite: "MlpSuite | None",
) -> _Trial:
    from tfdeepsim.probes.fit import fit_probe

    least = 1 if task == "classification" else 2
    train = _cut(splits["train"], fraction, (repeat, 0), least)
    validation = _cut(splits["validation"], fraction, (repeat, 1), least)
    if probe == "mlp":
        suite = _suite_of(repeat, suite)
    fitted = fit_probe(probe, train, validation, task, suite=suite, progress=False)
    test = splits["test"]
    [predicted] = fitted.predict(test.embeddings)
    return _Trial(
        len(train.labels),
        len(validation.labels),
        {metric: measure(metric, predicted, test.labels) for metric in METRICS[task]},
        {
            metric: measure(metric, best_constant(metric, train.labels), test.labels)
            for metric in METRICS[task]
        },
    )


def _cut(
    split: EmbeddingSplit, fraction: float, seed: tuple[int, int], least: int
) -> EmbeddingSplit:
    if fraction == 1:
        return split
    rows = subset(split.labels, fraction, seed, least)
    return EmbeddingSplit(split.embeddings[rows], split.labels[rows])


def _suite_of(repeat: int, suite: "MlpSuite | None") -> "MlpSuite":
    from tfdeepsim.probes.mlp.suite import MlpSuite

    suite = suite or MlpSuite()
    return dataclasses.replace(suite, seeds=1, first_seed=suite.first_seed + repeat)


def _point(metric: str, fraction: float, trials: list[_Trial]) -> Point:
    values = tuple(trial.values[metric] for trial in trials)
    value, low, high = interval(values)
    chance = math.fsum(trial.chances[metric] for trial in trials) / len(trials)
    first = trials[0]
    return Point(
        metric,
        fraction,
        first.examples,
        first.validation_examples,
        value,
        low,
        high,
        chance,
        values,
    )


def _check_enough(fraction: float, labels: np.ndarray) -> None:
    if not 0 < fraction <= 1:
        raise InputError(
            "a fraction of labels is above 0 and up to 1", got=fraction, accepted="e.g. 0.1"
        )
    classes = len(np.unique(labels)) if labels.ndim == 1 else 0
    least = classes or _LEAST_ROWS
    if fraction * len(labels) < least:
        share = math.ceil(1000 * least / len(labels)) / 1000
        raise InputError(
            "a fraction of the labels must leave "
            + ("one a class" if classes else f"{least} of them"),
            got=f"{fraction:g} of {len(labels)} labels"
            + (f" of {classes} classes" if classes else ""),
            accepted=f"{share:g} or above" if share <= 1 else "more labeled images",
        )


def _tracked(jobs: list[tuple[float, int]], probe: str, shown: bool) -> Iterator[tuple[float, int]]:
    import rich.progress

    yield from rich.progress.track(jobs, f"label efficiency of {probe}", disable=not shown)


def _path(folder: str | os.PathLike, probe: str) -> Path:
    return Path(folder, f"efficiency-{probe}.json")
