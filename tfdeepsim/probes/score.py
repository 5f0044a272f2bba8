"""Train a probe on one set of embeddings, choose by validation, score once on test."""

from typing import TYPE_CHECKING, Any

import numpy as np

from tfdeepsim.probes import check_task
from tfdeepsim.probes.data.splits import check_splits
from tfdeepsim.probes.fit import fit_probe
from tfdeepsim.probes.metrics import METRICS, score
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
    """Score one kind of probe as [P] does (Table 1): what validation chose, on test, once.

    Args:
        probe: One of `PROBES`: `mlp` (a suite of MLPs), `linear` (logistic or ridge regression),
            `knn` (nearest neighbours), `svm` (linear, for classes). Each is described where it is
            trained.
        train: Embeddings [N, D] and labels that the probe learns from: numbers [N, K] or [N] for
            regression, class ids [N] for classification.
        validation: The same, to stop and to choose by.
        test: The same, seen by what was chosen only. A class that occurs in neither of the other
            splits counts as an error.
        task: `"regression"`: mean `l1` and `l2` distance in label units. `"classification"`:
            `accuracy`.
        suite: Architectures and settings of `mlp`; [P]'s seven if None.
        progress: Whether `mlp` shows a progress bar.

    Returns:
        Scores with probe, metric, value, interval over probe seeds, chance level (the best constant
        prediction on `train`, scored on `test`) and seeds; the fields that name a run are empty.
        All but `mlp` have one seed and so no interval.

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
            score(probe, metric, predictions, train_labels, test_labels) for metric in METRICS[task]
        ],
        chosen=fitted.chosen,
        settings=fitted.settings,
        targets=test_labels.astype(dtype),
        predictions=predictions[0].astype(dtype),
    )
