"""Which rows of a table are best, and which of them cannot be told apart."""

import math
from collections.abc import Iterable

from tfdeepsim.errors import InputError
from tfdeepsim.paired import PairedTest, all_pairs
from tfdeepsim.report.naming import full_name, listed, own_name, system_name
from tfdeepsim.scores import Score, in_pixels
from tfdeepsim.tables import printable


class RowComparison:
    """The scores of several rows with one probe on one dataset.

    Args:
        scores: At most one score for each row and metric.

    Attributes:
        dataset: Dataset, as `train.py --dataset` spells it.
        probe: Name of the probe that was trained on the embeddings.
        encoders: Names of the rows that compete, in the order of `scores`: trained runs and
            external encoders.
        baselines: Names of the rows that the encoders are compared with, in the order of `scores`.
        rows: Names of all rows, encoders first.
        metrics: Names of the metrics, in the order of `scores`.

    Raises:
        InputError: If there is no score, if there are several datasets or probes, or if a row has
            two scores of the same metric.

    Example:
        >>> comparison = RowComparison(scores)
        >>> comparison.best_score("l1").run, comparison.marked("l1")
    """

    def __init__(self, scores: Iterable[Score]):
        scores = list(scores)
        self.dataset = _only("dataset", [s.dataset for s in scores])
        self.probe = _only("probe", [s.probe for s in scores])
        self.encoders = list(dict.fromkeys(s.run for s in scores if not s.is_baseline))
        self.baselines = list(dict.fromkeys(s.run for s in scores if s.is_baseline))
        self.rows = self.encoders + self.baselines
        self.metrics = list(dict.fromkeys(s.metric for s in scores))
        self._scores: dict[tuple[str, str], Score] = {}
        for score in scores:
            if self._scores.setdefault((score.run, score.metric), score) is not score:
                raise InputError(
                    "a table holds one score for each run and metric",
                    got=f"{score.metric} of {printable(score.run)} more than once",
                    accepted="run directories with different names, each given once",
                )

    def score(self, row: str, metric: str) -> Score | None:
        """The score of a row, or None if the row has none of this metric."""
        return self._scores.get((row, metric))

    def column(self, metric: str) -> list[Score]:
        """The scores of all rows that have this metric."""
        return [s for row in self.rows if (s := self.score(row, metric))]

    def encoder_scores(self, metric: str) -> list[Score]:
        """The scores of the encoders that have this metric, without those of baselines."""
        return [s for s in self.column(metric) if not s.is_baseline]

    def row_scores(self, row: str) -> list[Score]:
        """The scores of one row, in the order of the metrics."""
        return [s for metric in self.metrics if (s := self.score(row, metric))]

    def system(self, row: str) -> str:
        """The kind of encoder that a row is, e.g. `P. AE`."""
        first = self.row_scores(row)[0]
        return system_name(first.model, first.loss, row)

    def own_name(self, row: str) -> str:
        """The row's own name; empty where `system` says it already."""
        return own_name(self.row_scores(row)[0].model, row)

    def full_name(self, row: str) -> str:
        """The name of a row in running text, e.g. `P. AE (pae)`."""
        return full_name(self.system(row), self.own_name(row))

    def same_chance(self, metric: str) -> bool:
        """Whether all rows have the same chance level, as rows with the same test labels do."""
        first, *others = (s.chance for s in self.column(metric))
        return all(
            math.isclose(first, c, rel_tol=1e-4) or (math.isnan(first) and math.isnan(c))
            for c in others
        )

    def best_score(self, metric: str) -> Score | None:
        """The best score of an encoder; None if all of them are NaN."""
        finite = [s for s in self.encoder_scores(metric) if not math.isnan(s.value)]
        return min(finite, key=lambda s: -s.value if s.higher_is_better else s.value, default=None)

    def marked(self, metric: str) -> set[str]:
        """Names of the encoders to mark as best: those whose interval overlaps that of the best.

        Intervals that do not overlap are a cautious sign of a difference; an overlap does not prove
        that there is none. Nothing is marked if there is one encoder only, if the best score has no
        interval, or if the chance levels differ, which means that the test labels differ.
        """
        best = self.best_score(metric)
        if best is None or not has_interval(best):
            return set()
        if len(self.encoder_scores(metric)) < 2 or not self.same_chance(metric):
            return set()
        others = filter(has_interval, self.encoder_scores(metric))
        return {s.run for s in others if s.low <= best.high and best.low <= s.high}

    def not_better_than_chance(self, metric: str) -> list[str]:
        """Names of the encoders whose interval, or single value, reaches the chance level."""
        return [s.run for s in self.encoder_scores(metric) if not _beats(s, s.chance, s.chance)]

    def not_better_than(self, baseline: str, metric: str) -> list[str]:
        """Names of the encoders whose interval, or single value, reaches that of a baseline."""
        against = self.score(baseline, metric)
        if against is None or math.isnan(against.value):
            return []
        return [s.run for s in self.encoder_scores(metric) if not _beats(s, *_ends(against))]

    def in_pixels(self) -> "RowComparison | None":
        """The same distances in pixels of the frame; None if nothing is measured on LLv2."""
        scores = [pixels for s in self._scores.values() if (pixels := in_pixels(s))]
        return RowComparison(scores) if scores else None

    def paired_tests(self, metric: str) -> list[PairedTest]:
        """One paired test for each two encoders that were trained with the same seeds."""
        return all_pairs(self.encoder_scores(metric)) if self.same_chance(metric) else []


def compare_rows(scores: Iterable[Score]) -> list[RowComparison]:
    """One comparison for each probe, in the order of `scores`.

    Raises:
        InputError: If there is no score, if there are several datasets, or if a row has two scores
            of the same probe and metric.
    """
    scores = list(scores)
    _only("dataset", [s.dataset for s in scores])
    return [
        RowComparison(s for s in scores if s.probe == probe)
        for probe in dict.fromkeys(s.probe for s in scores)
    ]


def has_interval(score: Score) -> bool:
    """Whether the score is a mean over several seeds, so that it has an interval."""
    return math.isfinite(score.low) and math.isfinite(score.high)


def _only(what: str, names: list[str]) -> str:
    """The one name that all of `names` are."""
    distinct = list(dict.fromkeys(names))
    if not distinct:
        raise InputError(
            "a table needs scores", got="none", accepted="runs that evaluate.py has scored"
        )
    if len(distinct) > 1:
        raise InputError(
            f"runs in one table share one {what}",
            got=listed([printable(name) for name in distinct]),
            accepted=f"runs of one {what}; make a table for each",
        )
    return distinct[0]


def _ends(score: Score) -> tuple[float, float]:
    return (score.low, score.high) if has_interval(score) else (score.value, score.value)


def _beats(score: Score, low: float, high: float) -> bool:
    """Whether the whole interval of a score is better than everything from `low` to `high`."""
    own_low, own_high = _ends(score)
    return own_low > high if score.higher_is_better else own_high < low
