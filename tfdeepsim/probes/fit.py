"""Train a probe of any kind."""

import pkgutil
from typing import TYPE_CHECKING

from tfdeepsim.probes import PROBES, check_task
from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.fitted_probe import FittedProbe

if TYPE_CHECKING:
    from tfdeepsim.probes.mlp.suite import MlpSuite


def fit_probe(
    probe: str,
    train: EmbeddingSplit,
    validation: EmbeddingSplit,
    task: str,
    *,
    suite: "MlpSuite | None" = None,
    progress: bool = True,
) -> FittedProbe:
    """Train the candidates of one kind of probe, and choose one of them by validation.

    All kinds standardise each column of the embeddings by the mean and standard deviation of
    probe-train, unless the suite of `mlp` says otherwise. Only `mlp` depends on seeds; the others
    give the same probe each time.

    Args:
        probe: Name of the probe, one of `PROBES`.
        train: Checked examples to train on.
        validation: Checked examples to choose by.
        task: `"regression"` or `"classification"`.
        suite: Settings of `mlp`; None for the seven architectures of Pihlgren et al. 2020. The
            other kinds have no settings.
        progress: Whether `mlp` shows a progress bar, if standard error is a terminal.

    Returns:
        The chosen probe; for `mlp` one for each seed.

    Raises:
        InputError: If the probe is unknown or cannot be trained for this task, or as
            `MlpSuite.fit` does.
    """
    check_task(probe, task)
    fit = PROBES[probe].fit
    # TensorFlow, which `mlp` needs, is loaded for it alone.
    function = pkgutil.resolve_name(fit) if isinstance(fit, str) else fit
    options = {"suite": suite, "progress": progress} if probe == "mlp" else {}
    return function(train, validation, task, **options)
