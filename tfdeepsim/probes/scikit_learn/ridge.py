"""Probe of an encoder that still trains: ridge regression, whose penalty needs no validation."""

from typing import Any

import numpy as np
from sklearn.linear_model import RidgeCV

from tfdeepsim.probes.data.splits import check_splits
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.probes.metrics import measure

L2 = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Candidates: factor of the squared norm of the weights, added to the mean squared error over
examples."""

_METRIC = {"regression": ("l1", False), "classification": ("accuracy", True)}


def quick_metric(task: str) -> tuple[str, bool]:
    """Name of the metric that `quick_score` returns for a task, and whether higher is better."""
    return _METRIC[task]


def quick_score(train: tuple[Any, Any], validation: tuple[Any, Any], task: str) -> float:
    """Train ridge regression on `train`, and score it on `validation`; draws no random number.

    Embeddings are standardised by `train`. Classes are regressed as one column each, and the column
    of largest output is the prediction. The penalty has the lowest squared error when each example
    of `train` is left out in turn (Golub, Heath & Wahba 1979), so `validation` chooses nothing.

    Args:
        train: Embeddings [N, D] and labels to train on, as for `score_probe`.
        validation: Embeddings and labels to score on.
        task: `"regression"` or `"classification"`.

    Returns:
        Accuracy, 0 to 1; or mean L1 distance in label units.

    Raises:
        InputError: As `check_splits` does.
    """
    splits = check_splits(task, train=train, validation=validation)
    standardizer = Standardizer(splits["train"].embeddings)
    z, validation_z = (
        standardizer.apply(split.embeddings).astype(np.float64) for split in splits.values()
    )
    metric, truth = quick_metric(task)[0], splits["validation"].labels
    if task == "classification":
        classes, column = np.unique(splits["train"].labels, return_inverse=True)
        outputs = ridge(z, np.eye(len(classes))[column], validation_z)
        return measure(metric, classes[np.argmax(outputs, axis=1)], truth)
    labels = Standardizer(splits["train"].labels)
    outputs = ridge(z, labels.apply(splits["train"].labels), validation_z)
    return measure(metric, labels.invert(outputs), truth)


def ridge(x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Ridge regression with an intercept that is not penalised.

    The penalty is chosen by leaving out one example at a time, in closed form.

    Args:
        x: Inputs to train on, float64 [N, D].
        y: Targets, float64 [N, K].
        new: Inputs to predict for, float64 [M, D].

    Returns:
        Outputs for `new`, float64 [M, K].
    """
    model = RidgeCV(alphas=np.array(L2) * len(x)).fit(x, y)
    return model.predict(new).reshape(len(new), -1)
