"""The sentences below a table: what its signs mean, and what its rows are for."""

from collections.abc import Iterable, Sequence

from tfdeepsim.report.label_notes import label_notes
from tfdeepsim.report.pairs import pair_note, pair_sentences
from tfdeepsim.report.row_comparison import RowComparison, has_interval
from tfdeepsim.scores import PIXELS_PER_UNIT, Score

MARKING_RULE = (
    "Marked: the best value, and every value whose 95 % interval overlaps that of the best. A row "
    "with one seed has no interval and is never marked; if such a row has the best value, no row "
    "is marked."
)
_PIXELS = (
    f"Pixels are those of the 64x64 frame: {PIXELS_PER_UNIT:g} for a unit of x and for a unit of "
    "y, because the screen is 2 units wide, 2 high, and resized to a square. An L1 distance is the "
    "sum over x and y. The distances in Pihlgren et al. 2020 (13.22 for AE, 1.44 for P. AE) are "
    "most likely in pixels. That is an inference: the paper names no unit, but two positions on "
    "the screen are at most 4 units apart."
)
_FLOOR = {"pca": "PCA of pixels", "random_encoder": "the random encoder"}
_COMPARATOR = "PCA of comparator's features shows what the comparator provides on its own"
_SUPERVISED = (
    "The supervised encoder was trained with the labels; with enough of them it is an upper bound"
)


def table_notes(
    comparisons: Sequence[RowComparison], mark: str, missing_baselines: Iterable[str]
) -> list[str]:
    """All sentences that belong below the tables.

    Args:
        comparisons: The tables.
        mark: How marked values look, e.g. `Bold`.
        missing_baselines: Sentences that say which baselines are missing and why.
    """
    notes = [note for group in paired_notes(comparisons) for note in group]
    notes += interval_notes(comparisons)
    if any(
        comparison.marked(metric) for comparison in comparisons for metric in comparison.metrics
    ):
        notes.append(MARKING_RULE.replace("Marked", mark, 1))
    return [
        *notes,
        *pixel_notes(comparisons),
        *label_notes(comparisons),
        *baseline_notes(comparisons),
        *missing_notes(missing_baselines),
    ]


def paired_notes(comparisons: Sequence[RowComparison]) -> list[list[str]]:
    """The sentences of the paired tests: a list for each probe and metric, and last their scope.

    The sentences name the probe if there are several.
    """
    groups, pairs = [], 0
    for comparison in comparisons:
        prefix = f"Probe {comparison.probe}. " if len(comparisons) > 1 else ""
        for metric in comparison.metrics:
            if sentences := pair_sentences(comparison, metric):
                groups.append([prefix + sentence for sentence in sentences])
                pairs = max(pairs, len(sentences))
    return [*groups, [pair_note(pairs)]] if groups else []


def interval_notes(comparisons: Sequence[RowComparison]) -> list[str]:
    """What `±` means, for the kinds of seeds that the rows have."""
    scores = [
        s
        for comparison in comparisons
        for metric in comparison.metrics
        for s in comparison.column(metric)
        if has_interval(s)
    ]
    probes = [s for s in scores if s.over == "probe"]
    encoders = [s for s in scores if s.over == "encoder"]
    notes = []
    if encoders:
        notes.append(
            f"±{' in rows with several encoders' if probes else ''}: 95 % interval over "
            f"{_counts(encoders)} encoder seeds (Student's t); the score of each encoder is the "
            "mean over its probes. The interval does not cover other training or test images."
        )
    if probes:
        notes.append(
            f"±{' in rows with several probes' if encoders else ''}: 95 % interval over probe "
            "seeds (Student's t) on one encoder. The interval does not cover other encoder seeds "
            "or other test images."
        )
    return notes


def pixel_notes(comparisons: Sequence[RowComparison]) -> list[str]:
    """What distances in pixels are, where there are some."""
    return [_PIXELS] if any(comparison.in_pixels() for comparison in comparisons) else []


def baseline_notes(comparisons: Sequence[RowComparison]) -> list[str]:
    """What the baselines of a table are for."""
    models = {
        comparison.row_scores(row)[0].model
        for comparison in comparisons
        for row in comparison.baselines
    }
    if not models:
        return []
    sentences = ["Baselines stand below the line and are never marked"]
    if floor := [name for model, name in _FLOOR.items() if model in models]:
        sentences.append(f"A trained encoder should beat {' and '.join(floor)}")
    if "comparator_features" in models:
        sentences.append(_COMPARATOR)
    if "supervised" in models:
        sentences.append(_SUPERVISED)
    return [". ".join(sentences) + "."]


def missing_notes(texts: Iterable[str]) -> list[str]:
    """Sentences about missing baselines, each with a capital letter and a full stop."""
    return [f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in texts if text]


def _counts(scores: Sequence[Score]) -> str:
    """The number of seeds, or its range."""
    numbers = sorted({s.seeds for s in scores})
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
