"""Paired tests over encoder seeds, in sentences that claim no more than the tests allow."""

import math

from tfdeepsim.paired import PairedTest, holm
from tfdeepsim.report.naming import metric_name
from tfdeepsim.report.row_comparison import RowComparison
from tfdeepsim.report.wording import decimals_of, scale

LEVEL = 0.05
"""Significance level of the paired tests."""

_SCOPE = (
    "Paired tests compare encoders that were trained with the same seeds and so saw the images in "
    "the same order. They hold for these training and test images, and they assume that the "
    "differences are roughly normally distributed, which a few seeds cannot confirm. Each interval "
    "is for its pair alone."
)


def pair_sentences(comparison: RowComparison, metric: str) -> list[str]:
    """A sentence for each two encoders that were trained with the same seeds; may be none.

    If there are several pairs, the p-values are corrected by Holm's method over all pairs of this
    probe and metric.
    """
    tests = comparison.paired_tests(metric)
    adjusted = holm([test.p for test in tests])
    name = metric_name(metric)
    return [
        f"{name[0].upper()}{name[1:]}: {_sentence(comparison, test, p, len(tests) > 1)}"
        for test, p in zip(tests, adjusted, strict=True)
    ]


def pair_note(pairs: int) -> str:
    """What the tests assume, and how their p-values were corrected.

    Args:
        pairs: Number of pairs of a probe and metric.
    """
    correction = f" P-values are corrected for the {pairs} pairs of a probe and metric (Holm)."
    return _SCOPE + correction * (pairs > 1)


def _sentence(comparison: RowComparison, test: PairedTest, p: float, corrected: bool) -> str:
    better, worse, sign = test.first, test.second, 1
    if (test.difference > 0) != comparison.encoder_scores(test.metric)[0].higher_is_better:
        better, worse, sign = test.second, test.first, -1
    first, second = comparison.full_name(better), comparison.full_name(worse)
    decimals = _decimals(comparison, test)
    if test.is_constant and test.difference == 0:
        return f"{first} and {second} are equal for each of {test.seeds} seeds."
    direction = "lower" if sign * test.difference < 0 else "higher"
    size = _size(abs(test.difference), test.metric, decimals)
    if test.is_constant:
        return (
            f"{first} is {direction} than {second} by {size} for each of {test.seeds} "
            "seeds, so there is no interval."
        )
    factor = math.copysign(scale(test.metric), test.difference)
    low, high = (f"{end:.{decimals}f}" for end in sorted((factor * test.low, factor * test.high)))
    details = (
        f"(95 % interval {low} to {high}, paired t-test over {test.seeds} seeds, "
        f"{'corrected ' * corrected}{_p(p)})"
    )
    if p < LEVEL:
        return f"{first} is {direction} than {second} by {size} {details}."
    return (
        f"{first} and {second} cannot be told apart with {test.seeds} seeds; {first} is "
        f"{direction} by {size} {details}."
    )


def _size(difference: float, metric: str, decimals: int) -> str:
    unit = " percentage points" if metric == "accuracy" else ""
    return f"{difference * scale(metric):.{decimals}f}{unit}"


def _decimals(comparison: RowComparison, test: PairedTest) -> int:
    """Two digits of half the interval, at most the decimals of the table, but never none of it."""
    decimals = decimals_of(comparison, test.metric)
    half = (test.high - test.low) / 2 * scale(test.metric)
    if half <= 0:
        return decimals
    first = -math.floor(math.log10(half))  # place of its first digit behind the point
    return max(0, min(6, max(first, min(decimals, first + 1))))


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"
