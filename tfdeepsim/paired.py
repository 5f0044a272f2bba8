"""Two rows of a table, seed by seed: the same seeds under both, so that what a seed does
cancels."""

import dataclasses
import itertools
import math
from collections.abc import Sequence

from tfdeepsim.scores import Score


@dataclasses.dataclass(frozen=True)
class PairedTest:
    """A paired t-test over encoder seeds.

    Attributes:
        first: Name of one row.
        second: Name of the other.
        metric: As in `Score`.
        difference: Mean of first minus second, in the metric's units.
        low: Lower end of its 95 % interval (Student's t).
        high: Upper end of it.
        p: Two-sided, not corrected for other tests. Where the difference is the same in every seed
            there is nothing to test by: 1 if it is 0, else 0.
        seeds: Number of pairs.
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
        """Whether the difference is the same in every seed."""
        return self.low == self.high


def paired_test(first: Score, second: Score) -> PairedTest | None:
    """Test whether two rows differ, from their values of the same seeds.

    Args:
        first: A row over encoder seeds.
        second: Another; both list their seeds in the same order.

    Returns:
        None unless both have the same two or more encoder seeds, the same dataset, probe and
        metric, and finite values.
    """
    if not _is_paired(first, second):
        return None
    differences = [a - b for a, b in zip(first.values, second.values, strict=True)]
    mean = math.fsum(differences) / len(differences)
    low = high = mean
    # Below the rounding of the values themselves there is no spread to test by.
    if max(differences) - min(differences) <= 1e-12 * max(map(abs, first.values + second.values)):
        p = 1.0 if mean == 0 else 0.0
    else:
        import scipy.stats

        result = scipy.stats.ttest_rel(first.values, second.values)
        low, high = map(float, result.confidence_interval(0.95))
        p = float(result.pvalue)
    return PairedTest(first.run, second.run, first.metric, mean, low, high, p, len(differences))


def all_pairs(scores: Sequence[Score]) -> list[PairedTest]:
    """The test of each two rows that can be paired, in the order of `scores`."""
    tests = (paired_test(first, second) for first, second in itertools.combinations(scores, 2))
    return [test for test in tests if test is not None]


def holm(p: Sequence[float]) -> list[float]:
    """P-values of several tests, adjusted so that any error at all stays rare (Holm 1979).

    Args:
        p: One a test.

    Returns:
        Adjusted values in the same order, at most 1.
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
