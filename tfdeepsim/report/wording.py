"""Scores in words: numbers with as many digits as they deserve, and what can be concluded from
them."""

import math

from tfdeepsim.report.naming import in_text, listed, metric_name
from tfdeepsim.report.row_comparison import RowComparison, has_interval
from tfdeepsim.scores import Score
from tfdeepsim.tables import ABSENT


def heading(comparison: RowComparison, metric: str) -> str:
    """The title of a metric's column, with its unit and an arrow towards better values."""
    return metric_title(metric, comparison.column(metric)[0].higher_is_better)


def metric_title(metric: str, higher_is_better: bool) -> str:
    """A metric with its unit and an arrow towards better values."""
    name = metric_name(metric)
    unit = " (%)" if metric == "accuracy" else ""
    return f"{name[0].upper()}{name[1:]}{unit} {'↑' if higher_is_better else '↓'}"


def cell(comparison: RowComparison, row: str, metric: str) -> str:
    """`value ± half the interval`, or `value` for a single seed; accuracy is in percent."""
    score = comparison.score(row, metric)
    if score is None:
        return ABSENT
    decimals = decimals_of(comparison, metric)
    value = number(score.value, metric, decimals)
    return f"{value} ± {_half_interval(score, decimals)}" if has_interval(score) else value


def chance(comparison: RowComparison, metric: str) -> str:
    """The chance level, or its range where the rows have different ones."""
    levels = [s.chance for s in comparison.column(metric)]
    ends = levels[:1] if comparison.same_chance(metric) else [min(levels), max(levels)]
    return " to ".join(number(end, metric, decimals_of(comparison, metric)) for end in ends)


def seeds(comparison: RowComparison, row: str) -> str:
    """What a row's scores are means over: `5 probes`, or `5 encoders` with several probes each."""
    counts = (
        f"{s.seeds} {s.over}{'s' if s.seeds != 1 else ''}" for s in comparison.row_scores(row)
    )
    return " / ".join(dict.fromkeys(counts))


def conclusion(comparison: RowComparison, metric: str) -> str:
    """What the scores of one metric show, in a few sentences."""
    best = comparison.best_score(metric)
    if best is None:
        return f"No encoder has a finite {metric_name(metric)}."
    unit = " %" if metric == "accuracy" else ""
    name, value = comparison.full_name(best.run), cell(comparison, best.run, metric) + unit
    against = f"{chance(comparison, metric)}{unit} by chance"
    if len(comparison.encoder_scores(metric)) < 2:
        article = "an" if metric_name(metric)[0] in "aeiou" else "a"
        text = f"{name} has {article} {metric_name(metric)} of {value}, against {against}."
    else:
        extreme = "highest" if best.higher_is_better else "lowest"
        text = f"{name} has the {extreme} {metric_name(metric)}: {value}, against {against}"
        text += f"; {_distinction(comparison, best)}."
    return text + _not_better(comparison, metric)


def _not_better(comparison: RowComparison, metric: str) -> str:
    """A sentence for chance, and for each baseline, that some encoder does not beat."""
    unbeaten = {"chance": comparison.not_better_than_chance(metric)}
    for baseline in comparison.baselines:
        # The supervised encoder is an upper bound, which no encoder is expected to beat.
        if comparison.row_scores(baseline)[0].model != "supervised":
            name = in_text(comparison.full_name(baseline))
            unbeaten[name] = comparison.not_better_than(baseline, metric)
    return "".join(
        f" {listed([comparison.full_name(row) for row in rows])} "
        f"{'is' if len(rows) == 1 else 'are'} not better than {name}."
        for name, rows in unbeaten.items()
        if rows
    )


def _distinction(comparison: RowComparison, best: Score) -> str:
    """Whether the best encoder can be told from the others."""
    if not comparison.same_chance(best.metric):
        return (
            "the chance levels differ, so the rows were not scored on the same labels and should "
            "not be compared"
        )
    if not has_interval(best):
        return "with a single seed there is no interval, so encoders cannot be told apart"
    marked = comparison.marked(best.metric)
    others = [
        comparison.full_name(row)
        for row in comparison.encoders
        if row in marked and row != best.run
    ]
    if not others:
        return "no other interval overlaps its interval"
    overlaps = f"its interval overlaps that of {listed(others)}"
    if comparison.paired_tests(best.metric):
        return f"{overlaps}; the paired tests compare them seed by seed"
    return f"{overlaps}, so the intervals do not tell them apart"


def decimals_of(comparison: RowComparison, metric: str) -> int:
    """Decimals of a column: three significant digits of its smallest value; one for percentages."""
    if metric == "accuracy":
        return 1
    sizes = [abs(s.value) for s in comparison.column(metric) if s.value and math.isfinite(s.value)]
    return min(6, max(0, 2 - math.floor(math.log10(min(sizes))))) if sizes else 3


def number(value: float, metric: str, decimals: int) -> str:
    """A value of a metric as text; accuracy in percent, without the sign."""
    return ABSENT if math.isnan(value) else f"{value * scale(metric):.{decimals}f}"


def scale(metric: str) -> float:
    """Factor by which the values of a metric are multiplied where they are shown."""
    return 100.0 if metric == "accuracy" else 1.0


def _half_interval(score: Score, decimals: int) -> str:
    half = (score.high - score.low) / 2 * scale(score.metric)
    if 0 < half < 0.5 * 10**-decimals:
        return f"<{10**-decimals:.{decimals}f}"
    return f"{half:.{decimals}f}"
