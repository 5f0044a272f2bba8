"""Train a probe of any kind."""

from typing import TYPE_CHECKING

from tfdeepsim.probes import check_task
from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.fitted_probe import FittedProbe
from tfdeepsim.probes.scikit_learn.knn import fit_knn
from tfdeepsim.probes.scikit_learn.linear import fit_linear
from tfdeepsim.probes.scikit_learn.svm import fit_svm

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
    if probe == "mlp":
        # It needs TensorFlow, which the other probes do without.
        from tfdeepsim.probes.mlp.fit import fit_mlp

        return fit_mlp(train, validation, task, suite, progress)
    if probe == "linear":
        return fit_linear(train, validation, task)
    if probe == "knn":
        return fit_knn(train, validation, task)
    return fit_svm(train, validation)
