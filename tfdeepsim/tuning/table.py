"""The searched probe beside the fixed suite and chance."""

from collections.abc import Sequence

import rich.box
import rich.table

from tfdeepsim.probes.result import ProbeResult
from tfdeepsim.scores import Score
from tfdeepsim.tuning.space import Design

_HEADINGS = {
    "l1": "Mean L1, lower is better",
    "l2": "Mean L2, lower is better",
    "accuracy": "Accuracy, %",
}


def side_by_side(searched: ProbeResult, suite: Sequence[Score]) -> rich.table.Table:
    """One row for the searched probe, one for the fixed suite of Pihlgren et al., one for chance.

    Args:
        searched: What a search found.
        suite: Scores of the fixed suite on the same embeddings.
    """
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.title = f"{searched.scores[0].dataset or 'Probes'}, on test"
    for name in ("Probe", "What"):
        table.add_column(name, overflow="fold")
    for score in searched.scores:
        table.add_column(_HEADINGS[score.metric], justify="right")
    table.add_column("Seeds", justify="right")
    by_metric = {score.metric: score for score in suite}
    fixed = [by_metric[score.metric] for score in searched.scores]
    table.add_row("Searched", design_in_words(searched), *map(_value, searched.scores), "1")
    table.add_row(
        "Fixed suite",
        "MLPs of 7 shapes, chosen by validation",
        *map(_value, fixed),
        str(suite[0].seeds),
    )
    table.add_section()
    table.add_row(
        "Chance",
        "",
        *(_number(score.metric, score.chance) for score in searched.scores),
        "",
        style="dim",
    )
    return table


def design_in_words(searched: ProbeResult) -> str:
    """The hyperparameters of the searched probe."""
    [chosen] = searched.chosen
    names = ("activation", "dropout", "weight_decay", "learning_rate", "batch_size")
    return str(Design(tuple(chosen["hidden"]), **{name: chosen[name] for name in names}))


def _value(score: Score) -> str:
    value = _number(score.metric, score.value)
    return (
        value
        if score.seeds == 1
        else f"{value} ± {_number(score.metric, score.high - score.value)}"
    )


def _number(metric: str, value: float) -> str:
    return f"{100 * value:.1f}" if metric == "accuracy" else f"{value:.3f}"
