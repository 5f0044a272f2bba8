"""Paired tests: do two rows of a table differ, over encoders trained with the same seeds?

Runs of one seed share initial weights and order of images, so their difference varies less than
either of them.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence

from scipy.stats import ttest_rel

from tfdeepsim.scores import Score


@dataclasses.dataclass(frozen=True)
class PairedTest:
    """Result of a paired t-test over encoder seeds.

    Attributes:
        first: Name of one row.
        second: Name of the other row.
        metric: Metric, as in `Score`.
        difference: Mean of first minus second, in the units of the metric.
        low: Lower end of the 95 % interval of the difference (Student's t).
        high: Upper end of the interval.
        p: Two-sided p-value, not corrected for other tests. If the difference is the same for every
            seed, there is no spread to test by: 1 for a difference of 0, else 0.
        seeds: Number of pairs.

    Example:
        >>> test = paired_test(perceptual_score, pixel_score)
        >>> print(f"{test.difference:.3f} ({test.low:.3f} to {test.high:.3f}), p = {test.p:.3f}")
    """

    first: str
    second: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    seeds: int

    @property
    def is_constant(self) -> bool:
        """Whether the difference is the same for every seed."""
        return self.low == self.high


def paired_test(first: Score, second: Score) -> PairedTest | None:
    """Test whether two rows differ, by their values for the same seeds.

    Args:
        first: A row over encoder seeds.
        second: Another row, whose values are in the same order of seeds.

    Returns:
        The test; None unless both rows have two or more values over encoder seeds, equally many,
        the same dataset, probe and metric, and finite values.
    """
    if not _is_paired(first, second):
        return None
    differences = [a - b for a, b in zip(first.values, second.values, strict=True)]
    mean = math.fsum(differences) / len(differences)
    low = high = mean
    # Differences that vary by less than the rounding of the values have no spread to test by.
    if max(differences) - min(differences) <= 1e-12 * max(map(abs, first.values + second.values)):
        p = 1.0 if mean == 0 else 0.0
    else:
        result = ttest_rel(first.values, second.values)
        low, high = map(float, result.confidence_interval(0.95))
        p = float(result.pvalue)
    return PairedTest(first.run, second.run, first.metric, mean, low, high, p, len(differences))


def all_pairs(scores: Sequence[Score]) -> list[PairedTest]:
    """Test every two rows that can be paired.

    Args:
        scores: Rows of a table.

    Returns:
        The tests, in the order of the rows.
    """
    tests = (paired_test(first, second) for first, second in itertools.combinations(scores, 2))
    return [test for test in tests if test is not None]


def holm(p: Sequence[float]) -> list[float]:
    """Adjust the p-values of several tests for the probability of any false positive (Holm 1979).

    Args:
        p: P-value of each test.

    Returns:
        Adjusted p-values in the same order, at most 1.
    """
    adjusted = [0.0] * len(p)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = largest
    return adjusted


def _is_paired(first: Score, second: Score) -> bool:
    def kind(score: Score) -> tuple[str, str, str]:
        return score.dataset, score.probe, score.metric

    return (
        first.over == second.over == "encoder"
        and len(first.values) == len(second.values) >= 2
        and kind(first) == kind(second)
        and all(map(math.isfinite, first.values + second.values))
    )
