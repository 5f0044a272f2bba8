"""Probes that are estimators of scikit-learn: validation chooses one of several candidates."""

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from tfdeepsim.probes.data.splits import EmbeddingSplit, check_embeddings
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.probes.fitted_probe import FittedProbe


@dataclasses.dataclass(frozen=True)
class Candidate:
    """An estimator with one choice of its settings.

    Attributes:
        settings: Settings in which the candidates differ, as JSON values.
        estimator: Untrained estimator with the methods `fit` and `predict` of scikit-learn.

    Example:
        >>> candidate = Candidate({"l2": 0.1}, Ridge(alpha=0.1 * len(labels)))
    """

    settings: dict[str, Any]
    estimator: Any


def choose(
    candidates: Sequence[Candidate],
    train: EmbeddingSplit,
    validation: EmbeddingSplit,
    task: str,
    settings: dict[str, Any],
) -> FittedProbe:
    """Train all candidates, and keep the one that is best on validation.

    Each column of the embeddings, and of the labels of a regression, is standardised by the mean
    and standard deviation of probe-train. The best candidate has the highest accuracy, or the
    lowest squared error of standardised labels, as in a suite of MLP probes. Of equal candidates
    the first is kept, so the simplest should come first.

    Args:
        candidates: One or more candidates.
        train: Checked examples to train on.
        validation: Checked examples to choose by.
        task: `"regression"` or `"classification"`.
        settings: Settings that all candidates share, for `FittedProbe.settings`.

    Returns:
        The best candidate.
    """
    standardizer = Standardizer(train.embeddings)
    labels = Standardizer(train.labels) if task == "regression" else None
    y = train.labels if labels is None else _double(labels, train.labels)
    z, validation_z = (_double(standardizer, split.embeddings) for split in (train, validation))
    converged = [_train(candidate, z, y) for candidate in candidates]
    name, values = _validation_scores(
        [_predict(c.estimator, validation_z, labels) for c in candidates], validation, labels
    )
    best = int(np.argmax(values) if labels is None else np.argmin(values))
    estimator = candidates[best].estimator

    def predict(embeddings: np.ndarray) -> np.ndarray:
        return _predict(
            estimator, _double(standardizer, check_embeddings("embeddings", embeddings)), labels
        )[None]

    chosen = candidates[best].settings | {name: values[best], "converged": converged[best]}
    return FittedProbe(predict, [chosen], settings)


def _double(standardizer: Standardizer, values: np.ndarray) -> np.ndarray:
    # Solvers converge worse in float32.
    return standardizer.apply(values).astype(np.float64)


def _train(candidate: Candidate, z: np.ndarray, y: np.ndarray) -> bool:
    """Train a candidate; returns whether it converged, which scikit-learn reports by a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        candidate.estimator.fit(z, y)
    return not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)


def _predict(estimator: Any, z: np.ndarray, labels: Standardizer | None) -> np.ndarray:
    predicted = estimator.predict(z)
    return predicted if labels is None else labels.invert(predicted.reshape(len(z), -1))


def _validation_scores(
    predicted: Sequence[np.ndarray], truth: EmbeddingSplit, labels: Standardizer | None
) -> tuple[str, list[float]]:
    """Name of the score that candidates are compared by, and its value for each of them."""
    if labels is None:
        return "validation_accuracy", [
            float(np.mean(values == truth.labels)) for values in predicted
        ]
    errors = [(values - truth.labels) / labels.scale for values in predicted]
    return "validation_loss", [float(np.mean(error**2)) for error in errors]
