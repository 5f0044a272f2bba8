"""One number of a result table, with its interval and its chance level."""

import csv
import dataclasses
import math
import os
from collections.abc import Iterable, Sequence

from tfdeepsim.run import replacing

# Student's t, two-sided 95 %, for 1 to 30 degrees of freedom.
_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Score:
    """One row of `results.csv`.

    Attributes:
        run: Name of the run directory.
        model: `ae` or `vae`.
        loss: `pixel`, `l1` or `perceptual`, or `custom` for other loss weights.
        comparator: `NAME:LAYER`, or empty where no features are compared.
        dataset: As `train.py --dataset` spells it.
        probe: What was trained on the embeddings, e.g. `mlp`.
        metric: `l1` or `l2` (mean distance, in label units, lower is better) or `accuracy` (0 to 1,
            higher is better).
        value: Mean over probe seeds, on the test split.
        low: Lower end of the 95 % interval over probe seeds; NaN for a single seed.
        high: Upper end of it.
        chance: The same metric for the best constant prediction.
        seeds: How many probe seeds.
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
        writer.writerows(dataclasses.asdict(score) for score in scores)
