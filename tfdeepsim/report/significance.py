"""Which rows are best, and which cannot be told apart."""

import math
from collections.abc import Iterable

from tfdeepsim.errors import InputError
from tfdeepsim.paired import PairedTest, all_pairs
from tfdeepsim.report.naming import called, listed, own_name, system_name
from tfdeepsim.scores import Score
from tfdeepsim.tables import printable


class Comparison:
    """Scores of several rows with one probe on one dataset.

    Args:
        scores: At most one score for each row and metric.

    Attributes:
        dataset: As `train.py --dataset` spells it.
        probe: What was trained on the embeddings.
        contestants: Names of the rows that are compared, in the order of `scores`.
        baselines: Names of the rows that they are held against, in the order of `scores`.
        runs: All rows, contestants first.
        metrics: Metrics, in the order of `scores`.

    Raises:
        InputError: If there is no score, several datasets or probes, or a score given twice.
    """

    def __init__(self, scores: Iterable[Score]):
        scores = list(scores)
        self.dataset = _only("dataset", [s.dataset for s in scores])
        self.probe = _only("probe", [s.probe for s in scores])
        self.contestants = list(dict.fromkeys(s.run for s in scores if not s.is_baseline))
        self.baselines = list(dict.fromkeys(s.run for s in scores if s.is_baseline))
        self.runs = self.contestants + self.baselines
        self.metrics = list(dict.fromkeys(s.metric for s in scores))
        self._scores: dict[tuple[str, str], Score] = {}
        for score in scores:
            if self._scores.setdefault((score.run, score.metric), score) is not score:
                raise InputError(
                    "a table holds one score for each run and metric",
                    got=f"{score.metric} of {printable(score.run)} more than once",
                    accepted="run directories with different names, each given once",
                )

    def score(self, run: str, metric: str) -> Score | None:
        """The score of a row, or None where it was not scored so."""
        return self._scores.get((run, metric))

    def column(self, metric: str) -> list[Score]:
        """The scores of all rows that have this metric."""
        return [s for run in self.runs if (s := self.score(run, metric))]

    def contest(self, metric: str) -> list[Score]:
        """The scores of the contestants that have this metric."""
        return [s for s in self.column(metric) if not s.is_baseline]

    def row(self, run: str) -> list[Score]:
        """The scores of one row, over its metrics."""
        return [s for metric in self.metrics if (s := self.score(run, metric))]

    def system(self, run: str) -> str:
        """The kind of encoder that a row is, e.g. `P. AE`."""
        first = self.row(run)[0]
        return system_name(first.model, first.loss, run)

    def own(self, run: str) -> str:
        """The row's own name where `system` does not say it."""
        return own_name(self.row(run)[0].model, run)

    def called(self, run: str) -> str:
        """A row in running text: `P. AE (pae)`."""
        return called(self.system(run), self.own(run))

    def same_chance(self, metric: str) -> bool:
        """Whether all rows were held against one chance level, as they are on the same test
        labels."""
        first, *others = (s.chance for s in self.column(metric))
        return all(
            math.isclose(first, c, rel_tol=1e-4) or (math.isnan(first) and math.isnan(c))
            for c in others
        )

    def leader(self, metric: str) -> Score | None:
        """The contestant's score with the best mean; None if all are NaN."""
        known = [s for s in self.contest(metric) if not math.isnan(s.value)]
        return min(known, key=lambda s: -s.value if s.higher_is_better else s.value, default=None)

    def marked(self, metric: str) -> set[str]:
        """Contestants to mark as best: those that the intervals cannot tell from the best mean.

        Disjoint 95 % intervals are a cautious sign of a difference; overlap does not prove that
        there is none. Nothing is marked for a contestant alone, or if the chance levels differ
        (other test labels).
        """
        leader = self.leader(metric)
        if leader is None or not has_interval(leader):
            return set()
        if len(self.contest(metric)) < 2 or not self.same_chance(metric):
            return set()
        rivals = filter(has_interval, self.contest(metric))
        return {s.run for s in rivals if s.low <= leader.high and leader.low <= s.high}

    def beaten_by_chance(self, metric: str) -> list[str]:
        """Contestants that are not better than chance: their interval (or single value) reaches
        it."""
        return [s.run for s in self.contest(metric) if not _beats(s, s.chance, s.chance)]

    def beaten_by(self, baseline: str, metric: str) -> list[str]:
        """Contestants that are not better than a baseline: their intervals (or single values)
        meet."""
        against = self.score(baseline, metric)
        if against is None or math.isnan(against.value):
            return []
        return [s.run for s in self.contest(metric) if not _beats(s, *_ends(against))]

    def pairs(self, metric: str) -> list[PairedTest]:
        """The paired test of each two contestants over the same encoder seeds."""
        return all_pairs(self.contest(metric)) if self.same_chance(metric) else []


def compare(scores: Iterable[Score]) -> list[Comparison]:
    """One comparison a probe, in the order of `scores`.

    Raises:
        InputError: If there is no score, several datasets, or a score given twice.
    """
    scores = list(scores)
    _only("dataset", [s.dataset for s in scores])
    return [
        Comparison(s for s in scores if s.probe == p)
        for p in dict.fromkeys(s.probe for s in scores)
    ]


def has_interval(score: Score) -> bool:
    """Whether the score is a mean over several seeds."""
    return math.isfinite(score.low) and math.isfinite(score.high)


def _only(what: str, names: list[str]) -> str:
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
    """Whether the whole interval of a score is better than all from `low` to `high`."""
    own_low, own_high = _ends(score)
    return own_low > high if score.higher_is_better else own_high < low
