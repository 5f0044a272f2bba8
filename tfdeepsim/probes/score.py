"""Train the probes on one set of embeddings, choose by validation, score once on test."""

from typing import Any

import numpy as np

from tfdeepsim.probes.host import Host
from tfdeepsim.probes.member import Member
from tfdeepsim.probes.metrics import METRICS, score
from tfdeepsim.probes.progress import HostProgress
from tfdeepsim.probes.result import ProbeResult
from tfdeepsim.probes.splits import check_splits


def score_probe(
    train: tuple[Any, Any],
    validation: tuple[Any, Any],
    test: tuple[Any, Any],
    task: str = "regression",
    host: Host | None = None,
    progress: bool = True,
) -> ProbeResult:
    """Score the host of MLPs as [P] does (Table 1): the member of lowest validation loss, on test, once.

    Args:
        train: Embeddings [N, D] and labels that the members learn from: numbers [N, K] or [N] for
            regression, class ids [N] for classification.
        validation: The same, to stop and to choose by.
        test: The same, seen by the chosen member of each seed only. A class that occurs in neither of the
            other splits counts as an error.
        task: `"regression"`: mean `l1` and `l2` distance in label units. `"classification"`: `accuracy`.
        host: Architectures and settings; [P]'s seven if None.
        progress: Whether to show a progress bar.

    Returns:
        Scores with probe, metric, value, interval over probe seeds, chance level (the best constant
        prediction on `train`, scored on `test`) and seeds; the fields that name a run are empty.

    Raises:
        InputError: As `check_splits` and `Host.fit` do.
    """
    host = Host() if host is None else host
    splits = check_splits(task, train=train, validation=validation, test=test)
    with HostProgress(host.epochs, host.size, shown=progress) as bar:
        fitted = host.fit(splits["train"], splits["validation"], task, bar.update)
    predictions = fitted.predict(splits["test"].embeddings)
    train_labels, test_labels = splits["train"].labels, splits["test"].labels
    dtype = np.float32 if task == "regression" else np.int64
    return ProbeResult(
        probe="mlp",
        task=task,
        scores=[score("mlp", metric, predictions, train_labels, test_labels) for metric in METRICS[task]],
        chosen=[_record(member) for member in fitted.chosen],
        settings=host.settings,
        targets=test_labels.astype(dtype),
        predictions=predictions[0].astype(dtype),
    )


def _record(member: Member) -> dict[str, Any]:
    return {
        "seed": member.seed,
        "hidden": list(member.hidden),
        "validation_loss": member.validation_loss,
        "best_epoch": member.best_epoch,
        "epochs": member.epochs,
    }
