"""Which runs are best, and which cannot be told apart."""

import math
from collections.abc import Iterable

from tfdeepsim.errors import InputError
from tfdeepsim.report.naming import listed, paper_name, printable
from tfdeepsim.scores import Score

MARKING_RULE = (
    "Marked: the best value, and every run whose 95 % interval overlaps that of the best. A run with one "
    "probe seed has no interval and is never marked; where such a run has the best value, nothing is."
)


class Comparison:
    """Scores of several runs with one probe on one dataset.

    Args:
        scores: At most one score for each run and metric.

    Attributes:
        dataset: As `train.py --dataset` spells it.
        probe: What was trained on the embeddings.
        runs: Names of the runs, in the order of `scores`.
        metrics: Metrics, in the order of `scores`.

    Raises:
        InputError: If there is no score, several datasets or probes, or a score given twice.
    """

    def __init__(self, scores: Iterable[Score]):
        scores = list(scores)
        self.dataset = _only("dataset", [s.dataset for s in scores])
        self.probe = _only("probe", [s.probe for s in scores])
        self.runs = list(dict.fromkeys(s.run for s in scores))
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
        """The score of a run, or None where it was not scored so."""
        return self._scores.get((run, metric))

    def column(self, metric: str) -> list[Score]:
        """The scores of all runs that have this metric."""
        return [s for run in self.runs if (s := self.score(run, metric))]

    def row(self, run: str) -> list[Score]:
        """The scores of one run, over its metrics."""
        return [s for metric in self.metrics if (s := self.score(run, metric))]

    def system(self, run: str) -> str:
        """The run's name in the paper, e.g. `P. AE`."""
        first = self.row(run)[0]
        return paper_name(first.model, first.loss)

    def called(self, run: str) -> str:
        """A run in running text: `P. AE (pae)`."""
        return f"{self.system(run)} ({printable(run)})"

    def same_chance(self, metric: str) -> bool:
        """Whether all runs were held against one chance level, as they are on the same test labels."""
        first, *others = (s.chance for s in self.column(metric))
        return all(
            math.isclose(first, c, rel_tol=1e-4) or (math.isnan(first) and math.isnan(c)) for c in others
        )

    def leader(self, metric: str) -> Score | None:
        """The score with the best mean; None if all are NaN."""
        known = [s for s in self.column(metric) if not math.isnan(s.value)]
        return min(known, key=lambda s: -s.value if s.higher_is_better else s.value, default=None)

    def marked(self, metric: str) -> set[str]:
        """Runs to mark as best: those that the intervals cannot tell from the best mean (`MARKING_RULE`).

        Disjoint 95 % intervals are a cautious sign of a difference; overlap does not prove that there is
        none. Nothing is marked for a run alone, or if the chance levels differ (other test labels).
        """
        leader = self.leader(metric)
        if leader is None or not has_interval(leader):
            return set()
        if len(self.column(metric)) < 2 or not self.same_chance(metric):
            return set()
        rivals = filter(has_interval, self.column(metric))
        return {s.run for s in rivals if s.low <= leader.high and leader.low <= s.high}

    def beaten_by_chance(self, metric: str) -> list[str]:
        """Runs that are not better than chance: their interval (or single value) reaches it."""
        return [s.run for s in self.column(metric) if _reaches_chance(s)]


def compare(scores: Iterable[Score]) -> list[Comparison]:
    """One comparison a probe, in the order of `scores`.

    Raises:
        InputError: If there is no score, several datasets, or a score given twice.
    """
    scores = list(scores)
    _only("dataset", [s.dataset for s in scores])
    return [Comparison(s for s in scores if s.probe == p) for p in dict.fromkeys(s.probe for s in scores)]


def has_interval(score: Score) -> bool:
    """Whether the score is a mean over several probe seeds."""
    return math.isfinite(score.low) and math.isfinite(score.high)


def _only(what: str, names: list[str]) -> str:
    distinct = list(dict.fromkeys(names))
    if not distinct:
        raise InputError("a table needs scores", got="none", accepted="runs that evaluate.py has scored")
    if len(distinct) > 1:
        raise InputError(
            f"runs in one table share one {what}",
            got=listed([printable(name) for name in distinct]),
            accepted=f"runs of one {what}; make a table for each",
        )
    return distinct[0]


def _reaches_chance(score: Score) -> bool:
    if math.isnan(score.value):
        return True
    low, high = (score.low, score.high) if has_interval(score) else (score.value, score.value)
    return low <= score.chance if score.higher_is_better else high >= score.chance
