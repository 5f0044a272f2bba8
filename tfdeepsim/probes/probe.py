"""A probe on plain arrays: embeddings and labels in, one score out."""

import dataclasses
from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.probes import check_task
from tfdeepsim.probes.data.arrays import labelled_arrays
from tfdeepsim.probes.data.divide import divide
from tfdeepsim.probes.data.splits import EmbeddingSplit, check_splits
from tfdeepsim.probes.fit import fit_probe
from tfdeepsim.probes.metrics import METRICS, of_examples, score_predictions
from tfdeepsim.scores import interval

TEST_SIZE = 0.2
"""Share of the examples that are scored, if no others are given."""


@dataclasses.dataclass(frozen=True)
class ProbeScore:
    """The score of a probe on embeddings that it was not trained on.

    Attributes:
        score: The metric, as its mean over the test examples.
        interval: Lower and upper end of the 95 % interval of `score` over the test examples: what
            other test examples of the same kind may give. Wilson's interval for `accuracy`,
            Student's t for `l1`; NaN for the `l1` of a single test example.
        chance: The metric of the best constant prediction.
        metric: `accuracy`, 0 to 1, higher is better; or `l1`, the mean over examples of the sum of
            absolute differences over the K numbers, in label units, lower is better.
        kind: Kind of the probe.
        sizes: Number of examples that the probe was trained on (`train`), chosen by (`validation`)
            and scored on (`test`).

    Example:
        >>> result = tds.probe(embeddings, labels)
        >>> result.score > result.chance
        True
    """

    score: float
    interval: tuple[float, float]
    chance: float
    metric: str
    kind: str
    sizes: dict[str, int]

    def __str__(self) -> str:
        low, high = self.interval
        sizes = ", ".join(f"{count:,} {name}" for name, count in self.sizes.items())
        return (
            f"{self.kind} probe: {self.metric} {self.score:.4g} (95 % interval {low:.4g} to "
            f"{high:.4g}), chance {self.chance:.4g}; {sizes} examples"
        )


def probe(
    embeddings: Any,
    labels: Any,
    kind: str = "linear",
    *,
    test: tuple[Any, Any] | None = None,
    test_size: float | None = None,
    seed: int = 0,
) -> ProbeScore:
    """Train a small supervised model on frozen embeddings, and score it on others.

    The examples are divided at random: a share `test_size` is scored, and a fifth of the others
    chooses the settings of the probe. Each class keeps its share in all parts. Embeddings are
    standardised by the examples that the probe is trained on.

    Args:
        embeddings: Embeddings [N, D], any real dtype.
        labels: Classes [N] of any type: whole numbers, booleans, texts; or numbers to regress,
            [N, K]. The shape decides: [N, 1] for one number an example.
        kind: `linear` (logistic or ridge regression), `knn` (nearest neighbours), `svm` (linear,
            for classes only) or `mlp` (the architectures of Pihlgren et al. 2020, one of which is
            chosen).
        test: Embeddings and labels to score on, which replace the random test examples. A class
            that occurs here alone counts as an error.
        test_size: Share of the examples to score on, above 0 and below 1; by default a fifth.
        seed: Seed of the division, and of the weights of `mlp`; 0 or above.

    Returns:
        The score, with its interval, chance and the number of examples.

    Raises:
        InputError: If the probe is unknown or cannot be trained for such labels; if embeddings and
            labels differ in number, are not finite, or have another shape; if there is one class
            only, a class with a single example, or a column of numbers that are all equal; or if
            an option is out of its range.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels = np.repeat(["cat", "dog"], 100)
        >>> embeddings = rng.normal(size=(200, 8)) + 3 * (labels == "cat")[:, None]
        >>> result = tds.probe(embeddings, labels)
        >>> result.score, result.chance, result.sizes["test"]
        (1.0, 0.5, 40)
    """
    _check_options(test, test_size, seed)
    task, arrays = labelled_arrays(
        {"train": (embeddings, labels)} | ({"test": test} if test else {})
    )
    check_task(kind, task)
    parts = divide(*arrays["train"], test_size=None if test else test_size or TEST_SIZE, seed=seed)
    splits = check_splits(task, **{**parts, **({"test": arrays["test"]} if test else {})})
    suite = None
    if kind == "mlp":
        # It needs TensorFlow, which the other probes do without.
        from tfdeepsim.probes.mlp.suite import MlpSuite

        suite = MlpSuite(seeds=1, first_seed=seed)
    fitted = fit_probe(kind, splits["train"], splits["validation"], task, suite=suite)
    return _scored(kind, METRICS[task][0], fitted.predict(splits["test"].embeddings), splits)


def _scored(
    kind: str, metric: str, predictions: np.ndarray, splits: dict[str, EmbeddingSplit]
) -> ProbeScore:
    truth = splits["test"].labels
    score = score_predictions(kind, metric, predictions, splits["train"].labels, truth)
    examples = of_examples(metric, predictions[0], truth)
    return ProbeScore(
        score=score.value,
        interval=_over_examples(metric, examples),
        chance=score.chance,
        metric=metric,
        kind=kind,
        sizes={name: len(splits[name].labels) for name in ("train", "validation", "test")},
    )


def _over_examples(metric: str, values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of a metric, from its value for each example."""
    if metric == "accuracy":
        # SciPy delays an import by a second.
        from scipy.stats import binomtest

        ends = binomtest(int(values.sum()), len(values)).proportion_ci(0.95, method="wilson")
        return float(ends.low), float(ends.high)
    return interval(values.tolist())[1:]


def _check_options(test: Any, test_size: float | None, seed: int) -> None:
    if test is not None and test_size is not None:
        raise InputError(
            "test and test_size exclude each other", got="both", accepted="one of them"
        )
    if test is not None and (not isinstance(test, tuple | list) or len(test) != 2):
        raise InputError(
            "test is embeddings and labels",
            got=type(test).__name__,
            accepted="test=(embeddings, labels)",
        )
    if test_size is not None and not 0 < test_size < 1:
        raise InputError(
            "test_size is a share of the examples", got=test_size, accepted="above 0, below 1"
        )
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError("seed is a whole number", got=repr(seed), accepted="0 or above")
