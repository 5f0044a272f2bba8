"""Train a probe on one set of embeddings, choose by validation, and score once on test."""

from typing import TYPE_CHECKING, Any

import numpy as np

from tfdeepsim.probes import check_task
from tfdeepsim.probes.data.splits import check_splits
from tfdeepsim.probes.fit import fit_probe
from tfdeepsim.probes.metrics import METRICS, score_predictions
from tfdeepsim.probes.result import ProbeResult

if TYPE_CHECKING:
    from tfdeepsim.probes.mlp.suite import MlpSuite


def score_probe(
    probe: str,
    train: tuple[Any, Any],
    validation: tuple[Any, Any],
    test: tuple[Any, Any],
    task: str = "regression",
    *,
    suite: "MlpSuite | None" = None,
    progress: bool = True,
) -> ProbeResult:
    """Train one kind of probe, and score what validation chose on the test split, once.

    This is the protocol of Pihlgren et al. 2020, Table 1.

    Args:
        probe: Name of the probe, one of `PROBES`: `mlp` (a suite of MLPs), `linear` (logistic or
            ridge regression), `knn` (nearest neighbours), or `svm` (linear, for classes only). The
            module that trains each of them describes it.
        train: Embeddings [N, D] and labels to train on: numbers [N, K] or [N] for regression,
            class ids [N] for classification.
        validation: The same, to stop and to choose by.
        test: The same, which only the chosen probe sees. An example of a class that occurs in
            neither of the other splits counts as an error.
        task: `"regression"`, scored by the mean `l1` and `l2` distance in label units; or
            `"classification"`, scored by `accuracy`.
        suite: Architectures and settings of `mlp`; None for the seven architectures of Pihlgren
            et al.
        progress: Whether `mlp` shows a progress bar, if standard error is a terminal.

    Returns:
        One score for each metric, with its interval over probe seeds and its chance level (the best
        constant prediction on `train`, scored on `test`); the fields that name a run are empty.
        Only `mlp` has several seeds and so an interval.

    Raises:
        InputError: As `check_task`, `check_splits` and `MlpSuite.fit` do.
    """
    check_task(probe, task)
    splits = check_splits(task, train=train, validation=validation, test=test)
    fitted = fit_probe(
        probe, splits["train"], splits["validation"], task, suite=suite, progress=progress
    )
    predictions = fitted.predict(splits["test"].embeddings)
    train_labels, test_labels = splits["train"].labels, splits["test"].labels
    dtype = np.float32 if task == "regression" else np.int64
    return ProbeResult(
        probe=probe,
        task=task,
        scores=[
            score_predictions(probe, metric, predictions, train_labels, test_labels)
            for metric in METRICS[task]
        ],
        chosen=fitted.chosen,
        settings=fitted.settings,
        targets=test_labels.astype(dtype),
        predictions=predictions[0].astype(dtype),
    )
