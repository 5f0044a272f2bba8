"""Scores: the rows of result tables, with their intervals and chance levels."""

import csv
import dataclasses
import math
import os
from collections.abc import Iterable, Sequence

from tfdeepsim.files import replacing, spreadsheet_cell

BASELINES = {
    "pca": "PCA of pixels",
    "random_encoder": "Random encoder",
    "comparator_features": "PCA of comparator's features",
    "supervised": "Supervised encoder",
}
"""Baselines that other rows of a table are compared with: value of `Score.model` to name."""

PIXELS_PER_UNIT = 32.0
"""Pixels of a 64x64 frame of LLv2 in one unit of the lander's position, along x and along y alike:
Gymnasium draws 600x400 pixels, of which 300 are a unit of x and 200 a unit of y, and the frame is
resized to 64x64."""


@dataclasses.dataclass(frozen=True)
class Score:
    """One row of `results.csv`.

    Attributes:
        run: Name of the row: of a run directory, of a baseline, or of several runs that differ in
            their seed.
        model: `ae` or `vae`; or one of `BASELINES`; or `external`.
        loss: `pixel`, `l1` or `perceptual`, or `custom` for other loss weights; empty if the row is
            not a run.
        comparator: `NAME:LAYER`, or empty if no features are compared.
        dataset: Name of the dataset, as in `train.py --dataset`.
        probe: Name of the probe that was trained on the embeddings, e.g. `mlp`.
        metric: `l1` or `l2` (mean distance in label units, lower is better) or `accuracy` (0 to 1,
            higher is better).
        value: Mean over seeds, on the test split.
        low: Lower end of the 95 % interval over seeds; NaN for a single seed.
        high: Upper end of the interval.
        chance: The same metric for the best constant prediction.
        seeds: Number of seeds.
        over: What the seeds belong to: `probe` (one encoder, several probes) or `encoder` (several
            encoders, each with the mean over its probes).
        values: The metric of each seed, in the order of the seeds; `value` is their mean.
        saw_labels: Dataset whose labels the comparator was trained with, `unknown`, or empty if
            there is no comparator or it saw no labels.
        encoder_saw_labels: The same of the weights that the encoder's training started from; empty
            if these were random.

    Example:
        >>> [l1, l2] = score_probe("mlp", train, validation, test, "regression").scores
        >>> print(f"{l1.value:.3f} (95 % interval {l1.low:.3f} to {l1.high:.3f})")
    """

    run: str
    model: str
    loss: str
    comparator: str
    dataset: str
    probe: str
    metric: str
    value: float
    low: float
    high: float
    chance: float
    seeds: int
    over: str = "probe"
    values: tuple[float, ...] = ()
    saw_labels: str = ""
    encoder_saw_labels: str = ""

    def __post_init__(self) -> None:
        # Earlier versions wrote this name.
        if self.model == "foreign":
            object.__setattr__(self, "model", "external")

    @property
    def is_baseline(self) -> bool:
        """Whether the row is one of `BASELINES`."""
        return self.model in BASELINES

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher value of the metric is better."""
        return self.metric == "accuracy"


def in_pixels(score: Score) -> Score | None:
    """A distance of positions on LLv2 in pixels of the 64x64 frame.

    Args:
        score: A score in units of the simulator.

    Returns:
        The same score times `PIXELS_PER_UNIT`, with the metric `l1_pixels` or `l2_pixels`; None for
        other datasets and metrics.
    """
    if not score.dataset.startswith("llv2") or score.metric not in ("l1", "l2"):
        return None
    numbers = {
        name: PIXELS_PER_UNIT * getattr(score, name) for name in ("value", "low", "high", "chance")
    }
    values = tuple(PIXELS_PER_UNIT * value for value in score.values)
    return dataclasses.replace(score, metric=f"{score.metric}_pixels", values=values, **numbers)


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % interval of independent measurements, by Student's t.

    Args:
        values: One or more measurements.

    Returns:
        Mean, lower end and upper end; both ends are NaN for a single measurement.
    """
    # The commands import this module at once, and SciPy would delay their help by a second.
    from scipy.stats import t

    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return mean, math.nan, math.nan
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(t.ppf(0.975, n - 1)) * deviation / math.sqrt(n)
    return mean, mean - half, mean + half


def write_csv(path: str | os.PathLike, scores: Iterable[Score]) -> None:
    """Write scores as CSV with a header, completely or not at all.

    Args:
        path: File to write or replace.
        scores: Rows of the file.
    """
    with replacing(path) as new, open(new, "w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(Score)])
        writer.writeheader()
        for score in scores:
            row = dataclasses.asdict(score) | {"values": " ".join(map(repr, score.values))}
            writer.writerow({name: spreadsheet_cell(value) for name, value in row.items()})
