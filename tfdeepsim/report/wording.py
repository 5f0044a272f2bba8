"""Scores as text: numbers that do not promise more digits than they have, and what they allow to say."""

import math

from tfdeepsim.report.comparison import Comparison, has_interval
from tfdeepsim.report.naming import listed, metric_name
from tfdeepsim.scores import Score

INTERVAL_NOTE = (
    "±: 95 % interval over probe seeds (Student's t). Each encoder was trained once, so the interval "
    "does not cover a new encoder seed, nor another set of test images."
)


def heading(comparison: Comparison, metric: str) -> str:
    """A column's title with its unit and an arrow towards the better."""
    name = metric_name(metric)
    unit = " (%)" if metric == "accuracy" else ""
    arrow = "↑" if comparison.column(metric)[0].higher_is_better else "↓"
    return f"{name[0].upper()}{name[1:]}{unit} {arrow}"


def cell(comparison: Comparison, run: str, metric: str) -> str:
    """`value ± half the interval`, `value` for a single seed, or a dash. Accuracy is in percent."""
    score = comparison.score(run, metric)
    if score is None:
        return "–"
    decimals = _decimals(comparison, metric)
    value = _number(score.value, metric, decimals)
    return f"{value} ± {_half_interval(score, decimals)}" if has_interval(score) else value


def chance(comparison: Comparison, metric: str) -> str:
    """The chance level, or its range where runs disagree."""
    levels = [s.chance for s in comparison.column(metric)]
    ends = levels[:1] if comparison.same_chance(metric) else [min(levels), max(levels)]
    return " to ".join(_number(end, metric, _decimals(comparison, metric)) for end in ends)


def seeds(comparison: Comparison, run: str) -> str:
    """How many probe seeds a run's scores are means of."""
    return " / ".join(dict.fromkeys(str(s.seeds) for s in comparison.row(run)))


def verdict(comparison: Comparison, metric: str) -> str:
    """What the numbers of one metric allow to say, in one or two sentences."""
    leader = comparison.leader(metric)
    if leader is None:
        return f"No run has a finite {metric_name(metric)}."
    unit = " %" if metric == "accuracy" else ""
    extreme = "highest" if leader.higher_is_better else "lowest"
    alone = len(comparison.column(metric)) < 2
    article = "an" if metric_name(metric)[0] in "aeiou" else "a"
    text = (
        f"{comparison.called(leader.run)} has {article if alone else f'the {extreme}'} {metric_name(metric)}"
        f"{' of' if alone else ','} {cell(comparison, leader.run, metric)}{unit}"
        f" against {chance(comparison, metric)}{unit} by chance"
    )
    text += "." if alone else f"; {_distinction(comparison, leader)}."
    if losers := comparison.beaten_by_chance(metric):
        text += f" Not better than chance: {listed([comparison.called(run) for run in losers])}."
    return text


def _distinction(comparison: Comparison, leader: Score) -> str:
    if not comparison.same_chance(leader.metric):
        return "chance levels differ, so the runs were not scored on the same labels: compare with care"
    if not has_interval(leader):
        return "with one probe seed there is no interval to tell runs apart by"
    marked = comparison.marked(leader.metric)
    others = [comparison.called(run) for run in comparison.runs if run in marked and run != leader.run]
    if others:
        return f"the intervals do not tell it from {listed(others)}"
    return "no other interval overlaps its own"


def _decimals(comparison: Comparison, metric: str) -> int:
    """Three significant digits of the column's smallest value; one decimal for percentages."""
    if metric == "accuracy":
        return 1
    sizes = [abs(s.value) for s in comparison.column(metric) if s.value and math.isfinite(s.value)]
    return min(6, max(0, 2 - math.floor(math.log10(min(sizes))))) if sizes else 3


def _number(value: float, metric: str, decimals: int) -> str:
    return "–" if math.isnan(value) else f"{value * _scale(metric):.{decimals}f}"


def _half_interval(score: Score, decimals: int) -> str:
    half = (score.high - score.low) / 2 * _scale(score.metric)
    if 0 < half < 0.5 * 10**-decimals:
        return f"<{10**-decimals:.{decimals}f}"
    return f"{half:.{decimals}f}"


def _scale(metric: str) -> float:
    return 100.0 if metric == "accuracy" else 1.0
