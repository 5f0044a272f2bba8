"""One number of a result table, with its interval and its chance level."""

import csv
import dataclasses
import math
import os
from collections.abc import Iterable, Sequence

from tfdeepsim.files import replacing

# Student's t, two-sided 95 %, for 1 to 30 degrees of freedom.
_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


BASELINES = {
    "pca": "PCA of pixels",
    "random_encoder": "Random encoder",
    "comparator_features": "PCA of comparator's features",
    "supervised": "Supervised encoder",
}
"""What stands in a table so that its other rows mean something: the value of `Score.model`, and its
name."""


@dataclasses.dataclass(frozen=True)
class Score:
    """One row of `results.csv`.

    Attributes:
        run: Name of the row: of the run directory, of the baseline, or of several runs that differ
            in seed.
        model: `ae` or `vae`; or one of `BASELINES`; or `external`.
        loss: `pixel`, `l1` or `perceptual`, or `custom` for other loss weights; empty for what is
            no run.
        comparator: `NAME:LAYER`, or empty where no features are compared.
        dataset: As `train.py --dataset` spells it.
        probe: What was trained on the embeddings, e.g. `mlp`.
        metric: `l1` or `l2` (mean distance, in label units, lower is better) or `accuracy` (0 to 1,
            higher is better).
        value: Mean over seeds, on the test split.
        low: Lower end of the 95 % interval over seeds; NaN for a single seed.
        high: Upper end of it.
        chance: The same metric for the best constant prediction.
        seeds: How many seeds.
        over: What the seeds are of: `probe` (one encoder, several probes) or `encoder` (several
            encoders, each with the mean over its probes).
        values: The numbers that `value` is the mean of, one a seed, in the order of the seeds.
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

    def __post_init__(self) -> None:
        # What earlier versions wrote.
        if self.model == "foreign":
            object.__setattr__(self, "model", "external")

    @property
    def is_baseline(self) -> bool:
        """Whether this row is there to compare with."""
        return self.model in BASELINES

    @property
    def higher_is_better(self) -> bool:
        return self.metric == "accuracy"


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % interval of a few independent measurements, by Student's t.

    Args:
        values: One or more numbers.

    Returns:
        mean, low, high; the ends are NaN for a single value.
    """
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return mean, math.nan, math.nan
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))
    half = (_T95[n - 2] if n - 2 < len(_T95) else 1.96) * deviation / math.sqrt(n)
    return mean, mean - half, mean + half


def write_csv(path: str | os.PathLike, scores: Iterable[Score]) -> None:
    """Write `scores` as CSV with a header, whole or not at all."""
    with replacing(path) as new, open(new, "w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(Score)])
        writer.writeheader()
        for score in scores:
            writer.writerow(
                dataclasses.asdict(score) | {"values": " ".join(map(repr, score.values))}
            )
