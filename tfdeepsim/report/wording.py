"""Scores as text: numbers that do not promise more digits than they have, and what they allow to
say."""

import math

from tfdeepsim.report.naming import in_text, listed, metric_name
from tfdeepsim.report.significance import Comparison, has_interval
from tfdeepsim.scores import Score


def heading(comparison: Comparison, metric: str) -> str:
    """A column's title with its unit and an arrow towards the better."""
    return metric_title(metric, comparison.column(metric)[0].higher_is_better)


def metric_title(metric: str, higher_is_better: bool) -> str:
    """A metric with its unit and an arrow towards the better."""
    name = metric_name(metric)
    unit = " (%)" if metric == "accuracy" else ""
    return f"{name[0].upper()}{name[1:]}{unit} {'↑' if higher_is_better else '↓'}"


def cell(comparison: Comparison, run: str, metric: str) -> str:
    """`value ± half the interval`, `value` for a single seed, or a dash. Accuracy is in percent."""
    score = comparison.score(run, metric)
    if score is None:
        return "–"
    decimals = decimals_of(comparison, metric)
    value = number(score.value, metric, decimals)
    return f"{value} ± {_half_interval(score, decimals)}" if has_interval(score) else value


def chance(comparison: Comparison, metric: str) -> str:
    """The chance level, or its range where rows disagree."""
    levels = [s.chance for s in comparison.column(metric)]
    ends = levels[:1] if comparison.same_chance(metric) else [min(levels), max(levels)]
    return " to ".join(number(end, metric, decimals_of(comparison, metric)) for end in ends)


def seeds(comparison: Comparison, run: str) -> str:
    """What a row's scores are means of: `5 probes`, or `5 encoders` with several probes each."""
    counts = (f"{s.seeds} {s.over}{'s' if s.seeds != 1 else ''}" for s in comparison.row(run))
    return " / ".join(dict.fromkeys(counts))


def verdict(comparison: Comparison, metric: str) -> str:
    """What the numbers of one metric allow to say, in a few sentences."""
    leader = comparison.leader(metric)
    if leader is None:
        return f"No encoder has a finite {metric_name(metric)}."
    unit = " %" if metric == "accuracy" else ""
    extreme = "highest" if leader.higher_is_better else "lowest"
    alone = len(comparison.contest(metric)) < 2
    article = "an" if metric_name(metric)[0] in "aeiou" else "a"
    text = (
        f"{comparison.called(leader.run)} has {article if alone else f'the {extreme}'} {metric_name(metric)}"
        f"{' of' if alone else ','} {cell(comparison, leader.run, metric)}{unit}"
        f" against {chance(comparison, metric)}{unit} by chance"
    )
    text += "." if alone else f"; {_distinction(comparison, leader)}."
    return text + _not_better(comparison, metric)


def _not_better(comparison: Comparison, metric: str) -> str:
    """A sentence for chance and each baseline that is not beaten by all."""
    losers = {"chance": comparison.beaten_by_chance(metric)}
    for baseline in comparison.baselines:
        name = comparison.called(baseline)
        if (
            comparison.row(baseline)[0].model != "supervised"
        ):  # nobody is asked to beat the upper bound
            losers[in_text(name)] = comparison.beaten_by(baseline, metric)
    return "".join(
        f" Not better than {name}: {listed([comparison.called(run) for run in runs])}."
        for name, runs in losers.items()
        if runs
    )


def _distinction(comparison: Comparison, leader: Score) -> str:
    if not comparison.same_chance(leader.metric):
        return "chance levels differ, so the rows were not scored on the same labels: compare with care"
    if not has_interval(leader):
        return "with one seed there is no interval to tell encoders apart by"
    marked = comparison.marked(leader.metric)
    others = [
        comparison.called(run) for run in comparison.runs if run in marked and run != leader.run
    ]
    if not others:
        return "no other interval overlaps its own"
    if comparison.pairs(leader.metric):
        return f"its interval overlaps that of {listed(others)}, which the paired tests compare seed by seed"
    return f"the intervals do not tell it from {listed(others)}"


def decimals_of(comparison: Comparison, metric: str) -> int:
    """Three significant digits of the column's smallest value; one decimal for percentages."""
    if metric == "accuracy":
        return 1
    sizes = [abs(s.value) for s in comparison.column(metric) if s.value and math.isfinite(s.value)]
    return min(6, max(0, 2 - math.floor(math.log10(min(sizes))))) if sizes else 3


def number(value: float, metric: str, decimals: int) -> str:
    """A value of a metric as text; accuracy in percent, without the sign."""
    return "–" if math.isnan(value) else f"{value * scale(metric):.{decimals}f}"


def scale(metric: str) -> float:
    """By what a metric's values are multiplied where they are shown."""
    return 100.0 if metric == "accuracy" else 1.0


def _half_interval(score: Score, decimals: int) -> str:
    half = (score.high - score.low) / 2 * scale(score.metric)
    if 0 < half < 0.5 * 10**-decimals:
        return f"<{10**-decimals:.{decimals}f}"
    return f"{half:.{decimals}f}"
