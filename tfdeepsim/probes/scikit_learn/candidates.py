"""Estimators of scikit-learn as probes: several candidates, of which validation chooses one."""

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
    """One setting of an estimator.

    Attributes:
        settings: What tells it from the other candidates, as JSON values.
        estimator: Has `fit` and `predict` as scikit-learn's.
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
    """Train all candidates on `train`, and keep the best on `validation`.

    Embeddings, and labels of regression, are brought to mean 0 and deviation 1 of probe-train per
    column. What counts is the accuracy, or the squared error of standardised labels, as for the
    members of a suite. Of equals the first is kept, so the simplest should come first.

    Args:
        candidates: One or more, untrained.
        train: Checked examples.
        validation: Checked examples.
        task: `"regression"` or `"classification"`.
        settings: What all candidates share, for the record.
    """
    standardizer = Standardizer(train.embeddings)
    labels = Standardizer(train.labels) if task == "regression" else None
    y = train.labels if labels is None else _double(labels, train.labels)
    z, validation_z = (_double(standardizer, split.embeddings) for split in (train, validation))
    converged = [_train(candidate, z, y) for candidate in candidates]
    name, values = _judge(
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
    """Fit it; whether it converged, which scikit-learn tells by a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        candidate.estimator.fit(z, y)
    return not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)


def _predict(estimator: Any, z: np.ndarray, labels: Standardizer | None) -> np.ndarray:
    predicted = estimator.predict(z)
    return predicted if labels is None else labels.invert(predicted.reshape(len(z), -1))


def _judge(
    predicted: Sequence[np.ndarray], truth: EmbeddingSplit, labels: Standardizer | None
) -> tuple[str, list[float]]:
    """Name and values of what a candidate is chosen by."""
    if labels is None:
        return "validation_accuracy", [
            float(np.mean(values == truth.labels)) for values in predicted
        ]
    errors = [(values - truth.labels) / labels.scale for values in predicted]
    return "validation_loss", [float(np.mean(error**2)) for error in errors]
