"""The searched probe beside the fixed suite and chance."""

from collections.abc import Sequence

from tfdeepsim.data.naming import dataset_name
from tfdeepsim.errors import InputError
from tfdeepsim.json_fields import check_fields
from tfdeepsim.probes.result import ProbeResult
from tfdeepsim.scores import Score, in_pixels
from tfdeepsim.tables import Cell, Table
from tfdeepsim.tuning.space import Design

_HEADINGS = {
    "l1": "Mean L1 distance ↓",
    "l2": "Mean L2 distance ↓",
    "l1_pixels": "Mean L1 distance in pixels ↓",
    "l2_pixels": "Mean L2 distance in pixels ↓",
    "accuracy": "Accuracy (%) ↑",
}


def side_by_side(searched: ProbeResult, suite: Sequence[Score], notes: Sequence[str] = ()) -> Table:
    """One row for the searched probe, one for the fixed suite of Pihlgren et al., one for chance.

    Distances on LLv2 are in units, and then in pixels of the frame.

    Args:
        searched: Result of the search.
        suite: Scores of the fixed suite on the same embeddings.
        notes: Sentences below the table.
    """
    scores = _with_pixels(searched.scores)
    by_metric = {score.metric: score for score in _with_pixels(suite)}
    fixed = [by_metric[score.metric] for score in scores]
    chance = ["Chance", "", *(_number(score.metric, score.chance) for score in scores), ""]
    return Table(
        title=f"{dataset_name(scores[0].dataset) or 'Probes'}, on test",
        headings=["Probe", "Architecture", *(_HEADINGS[score.metric] for score in scores), "Seeds"],
        sections=[
            [
                ["Searched", design_in_words(searched), *map(_value, scores), "1"],
                [
                    "Fixed suite",
                    "MLPs of 7 shapes, chosen by validation",
                    *map(_value, fixed),
                    str(suite[0].seeds),
                ],
            ],
            [[Cell(text, "faint") for text in chance]],
        ],
        notes=notes,
        text_columns=(0, 1),
    )


def design_in_words(searched: ProbeResult) -> str:
    """The hyperparameters of the searched probe.

    Raises:
        InputError: If the result lacks one, or it has another type.
    """
    kinds = {"hidden": list[int], "activation": str, "dropout": float, "weight_decay": float}
    kinds |= {"learning_rate": float, "batch_size": int}
    [chosen] = searched.chosen or [{}]
    check_fields(chosen, kinds, "search.json")
    if missing := sorted(kinds.keys() - chosen):
        raise InputError(
            "the result of a search records its hyperparameters",
            got=f"none of the name {', '.join(missing)}",
            accepted="a result that was not changed, or --overwrite to search anew",
        )
    return str(Design(tuple(chosen["hidden"]), **{n: chosen[n] for n in kinds if n != "hidden"}))


def _with_pixels(scores: Sequence[Score]) -> list[Score]:
    return [*scores, *filter(None, map(in_pixels, scores))]


def _value(score: Score) -> str:
    value = _number(score.metric, score.value)
    return (
        value
        if score.seeds == 1
        else f"{value} ± {_number(score.metric, score.high - score.value)}"
    )


def _number(metric: str, value: float) -> str:
    if metric == "accuracy":
        return f"{100 * value:.1f}"
    return f"{value:.2f}" if metric.endswith("_pixels") else f"{value:.3f}"
