"""Probe `mlp`: the suite of MLPs of Pihlgren et al."""

from typing import Any

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.fitted_probe import FittedProbe
from tfdeepsim.probes.mlp.mlp_probe import MlpProbe
from tfdeepsim.probes.mlp.progress import SuiteProgress
from tfdeepsim.probes.mlp.suite import MlpSuite


def fit_mlp(
    train: EmbeddingSplit,
    validation: EmbeddingSplit,
    task: str,
    suite: MlpSuite | None,
    progress: bool,
) -> FittedProbe:
    """Train a whole suite and keep, of each seed, the member of lowest validation loss ([P], Table
    1).

    Args:
        train: Checked examples to learn from.
        validation: Checked examples to stop and to choose by.
        task: `"regression"` or `"classification"`.
        suite: Architectures and settings; [P]'s seven if None.
        progress: Whether to show a progress bar.

    Raises:
        InputError: As `MlpSuite.fit` does.
    """
    suite = MlpSuite() if suite is None else suite
    with SuiteProgress(suite.epochs, suite.size, shown=progress) as bar:
        fitted = suite.fit(train, validation, task, bar.update)
    return FittedProbe(
        fitted.predict, [_record(member) for member in fitted.chosen], suite.settings
    )


def _record(member: MlpProbe) -> dict[str, Any]:
    return {
        "seed": member.seed,
        "hidden": list(member.hidden),
        "validation_loss": member.validation_loss,
        "best_epoch": member.best_epoch,
        "epochs": member.epochs,
    }
