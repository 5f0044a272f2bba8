"""Probe `mlp`: the suite of MLPs of Pihlgren et al. 2020."""

import sys
from typing import Any

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.fitted_probe import FittedProbe
from tfdeepsim.probes.mlp.probe import MlpProbe
from tfdeepsim.probes.mlp.suite import MlpSuite
from tfdeepsim.progress import ProgressBar


def fit_mlp(
    train: EmbeddingSplit,
    validation: EmbeddingSplit,
    task: str,
    suite: MlpSuite | None,
    progress: bool,
) -> FittedProbe:
    """Train a suite, and choose the MLP of lowest validation loss for each seed.

    This is the protocol of Pihlgren et al. 2020, Table 1.

    Args:
        train: Checked examples to train on.
        validation: Checked examples that decide when an MLP stops and which one is chosen.
        task: `"regression"` or `"classification"`.
        suite: Architectures and settings; None for the seven architectures of Pihlgren et al.
        progress: Whether to show a progress bar, if standard error is a terminal.

    Returns:
        The chosen MLPs, one for each seed.

    Raises:
        InputError: As `MlpSuite.fit` does.
    """
    suite = MlpSuite() if suite is None else suite
    shown = progress and sys.stderr.isatty()
    with ProgressBar("Epochs of MLP probes", suite.epochs, shown=shown) as bar:

        def on_epoch(epoch: int, training: int) -> None:
            bar.update(epoch, note=f"{training} of {suite.size} probes still train")

        fitted = suite.fit(train, validation, task, on_epoch)
    return FittedProbe(fitted.predict, [_record(probe) for probe in fitted.chosen], suite.settings)


def _record(probe: MlpProbe) -> dict[str, Any]:
    return {
        "seed": probe.seed,
        "hidden": list(probe.hidden),
        "validation_loss": probe.validation_loss,
        "best_epoch": probe.best_epoch,
        "epochs": probe.epochs,
    }
