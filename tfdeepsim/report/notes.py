"""What the signs in a table mean, and what its rows stand for: the sentences under it."""

from collections.abc import Iterable, Sequence

from tfdeepsim.report.naming import listed
from tfdeepsim.report.pairs import pair_note, pair_sentences
from tfdeepsim.report.significance import Comparison, has_interval
from tfdeepsim.scores import Score

MARKING_RULE = (
    "Marked: the best value, and every encoder whose 95 % interval overlaps that of the best. A row with one "
    "seed has no interval and is never marked; where such a row has the best value, nothing is."
)
_UPPER_BOUND = "the supervised encoder saw the labels: with enough of them an upper bound"
_MEANING = {
    "pca": "PCA of pixels",
    "random_encoder": "the random encoder",
    "comparator_features": "the comparator's features are what was known by then",
}


def table_notes(comparisons: Sequence[Comparison], mark: str, missing: Iterable[str]) -> list[str]:
    """Every sentence that belongs under the tables.

    Args:
        comparisons: The tables.
        mark: How marked values look, e.g. `Bold`.
        missing: Sentences on baselines that are not there.
    """
    notes = [note for group in paired_notes(comparisons) for note in group]
    notes += interval_notes(comparisons)
    if any(
        comparison.marked(metric) for comparison in comparisons for metric in comparison.metrics
    ):
        notes.append(MARKING_RULE.replace("Marked", mark, 1))
    return [*notes, *baseline_notes(comparisons), *missing_notes(missing)]


def paired_notes(comparisons: Sequence[Comparison]) -> list[list[str]]:
    """The sentences of the paired tests, a list a probe and metric, and last what they rest on.

    The sentences name the probe where there are several.
    """
    groups, pairs = [], 0
    for comparison in comparisons:
        prefix = f"Probe {comparison.probe}. " if len(comparisons) > 1 else ""
        for metric in comparison.metrics:
            if sentences := pair_sentences(comparison, metric):
                groups.append([prefix + sentence for sentence in sentences])
                pairs = max(pairs, len(sentences))
    return [*groups, [pair_note(pairs)]] if groups else []


def interval_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """What `±` means, for the kinds of seeds that the rows have."""
    scores = [
        s
        for comparison in comparisons
        for metric in comparison.metrics
        for s in comparison.column(metric)
    ]
    spread = [s for s in scores if has_interval(s)]
    probes = [s for s in spread if s.over == "probe"]
    encoders = [s for s in spread if s.over == "encoder"]
    notes = []
    if encoders:
        notes.append(
            f"±{' in rows of encoders' if probes else ''}: 95 % interval over {_counts(encoders)} encoder "
            "seeds (Student's t), each the mean over its probes. It does not cover other training or test "
            "images."
        )
    if probes:
        notes.append(
            f"±{' in rows of probes' if encoders else ''}: 95 % interval over probe seeds (Student's t) on "
            "one encoder. It does not cover a new encoder seed, nor another set of test images."
        )
    return notes


def baseline_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """What the baselines of a table are there for."""
    models = {
        comparison.row(run)[0].model for comparison in comparisons for run in comparison.baselines
    }
    if not models:
        return []
    floor = [_MEANING[model] for model in ("pca", "random_encoder") if model in models]
    meanings = [
        f"{listed(floor)} {'are' if len(floor) > 1 else 'is'} what any trained encoder should beat"
    ] * bool(floor)
    if "comparator_features" in models:
        meanings.append(_MEANING["comparator_features"])
    if "supervised" in models:
        meanings.append(_UPPER_BOUND)
    return [f"Baselines stand below the line and are never marked: {'; '.join(meanings)}."]


def _counts(scores: Sequence[Score]) -> str:
    numbers = sorted({s.seeds for s in scores})
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def missing_notes(texts: Iterable[str]) -> list[str]:
    """What is said of baselines that are not there, with a capital and a full stop."""
    return [f"{text[:1].upper()}{text[1:].rstrip('.')}." for text in texts if text]
