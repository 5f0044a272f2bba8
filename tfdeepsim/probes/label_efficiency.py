"""Label efficiency: the score of a probe over the number of labels that it is trained on."""

import dataclasses
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, write_json
from tfdeepsim.probes import check_task
from tfdeepsim.probes.data.splits import EmbeddingSplit, check_splits
from tfdeepsim.probes.data.subset import subset
from tfdeepsim.probes.fit import fit_probe
from tfdeepsim.probes.metrics import METRICS, best_constant, measure
from tfdeepsim.progress import ProgressBar
from tfdeepsim.scores import interval

if TYPE_CHECKING:
    from tfdeepsim.probes.mlp.suite import MlpSuite

FRACTIONS = (0.01, 0.1, 1.0)
"""Fractions of the labels that are scored by default."""

# With fewer examples a regression says nothing.
_LEAST_ROWS = 10


@dataclasses.dataclass(frozen=True)
class Point:
    """One point of a curve over the number of labels.

    Attributes:
        metric: Metric, as in `Score`.
        fraction: Requested fraction of the labels, above 0 and up to 1.
        examples: Number of examples of probe-train that the probe was trained on.
        validation_examples: Number of examples of probe-validation that chose the probe.
        value: Mean of the metric over repeats, on the whole test split.
        low: Lower end of the 95 % interval over repeats; NaN for a single repeat.
        high: Upper end of the interval.
        chance: The same metric for the best constant prediction of the training examples, mean
            over repeats.
        values: The metric of each repeat.

    Example:
        >>> for point in efficiency.curve("accuracy"):
        ...     print(point.examples, point.value)
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
        probe: Name of the probe, e.g. `mlp`.
        task: `regression` or `classification`.
        points: All points, by metric and then by rising fraction.
        requested: Settings and data that the curve was requested for, as JSON values, by which a
            caller tells whether a saved curve is up to date; None if there are none.

    Example:
        >>> efficiency = label_efficiency("linear", train, validation, test, "classification")
        >>> efficiency.save("runs/ae/results/llv2")
    """

    probe: str
    task: str
    points: list[Point]
    requested: dict[str, Any] | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics of the task; there is a curve of each."""
        return METRICS[self.task]

    def curve(self, metric: str) -> list[Point]:
        """The points of one metric, by rising fraction."""
        return [point for point in self.points if point.metric == metric]

    def save(self, folder: str | os.PathLike) -> None:
        """Write `efficiency-<probe>.json` completely, or not at all.

        Args:
            folder: Folder for the file; created if needed.
        """
        record = {
            "probe": self.probe,
            "task": self.task,
            "points": [dataclasses.asdict(point) for point in self.points],
            "asked": self.requested,
            "metrics": list(self.metrics),
        }
        write_json(_path(folder, self.probe), record)


@dataclasses.dataclass(frozen=True)
class _Repeat:
    """Metrics of one probe, trained on one random subset."""

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
    """Score a probe that is trained on a fraction of the labels only.

    For each fraction and repeat, probe-train is cut to a random subset in which every class keeps
    its share, and at least one example. Probe-validation is cut in the same way, because few labels
    also leave few to choose by. The test split stays complete. A repeat is a seed of the subsets,
    and for `mlp` also of the suite. With all labels the other probes would give the same number
    each time, so they are trained once there.

    Args:
        probe: Name of the probe, one of `PROBES`.
        train: Embeddings and labels to train on, as for `score_probe`.
        validation: Embeddings and labels to stop and to choose by.
        test: Embeddings and labels to score on.
        task: `"regression"` or `"classification"`.
        fractions: Fractions of the labels, above 0 and up to 1.
        repeats: Number of random subsets for each fraction, 1 or more.
        suite: Settings of `mlp`, of which every repeat uses one seed; None for the seven
            architectures of Pihlgren et al. 2020.
        progress: Whether to show a progress bar, if standard error is a terminal.

    Raises:
        InputError: If a fraction leaves fewer examples than there are classes, or fewer than 10 for
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
    shown = progress and sys.stderr.isatty()
    bar = ProgressBar(f"Label efficiency of {probe}", len(jobs), shown=shown)
    by_fraction: dict[float, list[_Repeat]] = {}
    for fraction, repeat in bar.track(jobs):
        by_fraction.setdefault(fraction, []).append(
            _repeat(probe, splits, task, fraction, repeat, suite)
        )
    points = [
        _point(metric, fraction, results)
        for metric in METRICS[task]
        for fraction, results in by_fraction.items()
    ]
    return Efficiency(probe, task, points)


def read_efficiency(folder: str | os.PathLike, probe: str) -> Efficiency:
    """Read what `Efficiency.save` wrote.

    Args:
        folder: Folder that holds the file.
        probe: Name of the probe.

    Raises:
        InputError: If there is no curve of this probe, or it is damaged.
    """
    path = _path(folder, probe)
    rule = f"the label efficiency of probe {probe} must be readable"
    accepted = "a folder that evaluate.py wrote; run it again"
    record = read_json(path, rule, accepted)
    try:
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
            raise ValueError("not all curves of this probe")
        numbers = [number for p in points for number in (p.fraction, p.value, p.chance, *p.values)]
        if not all(map(math.isfinite, numbers)) or any(math.isinf(p.low + p.high) for p in points):
            raise ValueError("values that are not scores")
        return efficiency
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(rule, got=f"{path} ({error})", accepted=accepted) from error


def _repeat(
    probe: str,
    splits: dict[str, EmbeddingSplit],
    task: str,
    fraction: float,
    repeat: int,
    suite: "MlpSuite | None",
) -> _Repeat:
    least = 1 if task == "classification" else 2
    train = _cut(splits["train"], fraction, (repeat, 0), least)
    validation = _cut(splits["validation"], fraction, (repeat, 1), least)
    if probe == "mlp":
        suite = _suite_of(repeat, suite)
    fitted = fit_probe(probe, train, validation, task, suite=suite, progress=False)
    test = splits["test"]
    [predicted] = fitted.predict(test.embeddings)
    return _Repeat(
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
    # The suite needs TensorFlow, which the other probes do without.
    from tfdeepsim.probes.mlp.suite import MlpSuite

    suite = suite or MlpSuite()
    return dataclasses.replace(suite, seeds=1, first_seed=suite.first_seed + repeat)


def _point(metric: str, fraction: float, results: list[_Repeat]) -> Point:
    values = tuple(result.values[metric] for result in results)
    value, low, high = interval(values)
    return Point(
        metric=metric,
        fraction=fraction,
        examples=results[0].examples,
        validation_examples=results[0].validation_examples,
        value=value,
        low=low,
        high=high,
        chance=math.fsum(result.chances[metric] for result in results) / len(results),
        values=values,
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
            + ("one example of each class" if classes else f"{least} of them"),
            got=f"{fraction:g} of {len(labels)} labels"
            + (f" of {classes} classes" if classes else ""),
            accepted=f"{share:g} or above" if share <= 1 else "more labeled images",
        )


def _path(folder: str | os.PathLike, probe: str) -> Path:
    return Path(folder, f"efficiency-{probe}.json")
