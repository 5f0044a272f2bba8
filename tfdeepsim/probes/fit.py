"""Train a probe of any kind."""

from typing import TYPE_CHECKING

from tfdeepsim.probes import check_task
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
    """Train the candidates of one kind of probe on `train`, and choose among them by `validation`.

    Every kind takes embeddings at mean 0 and deviation 1 of probe-train per column. Only `mlp` has
    seeds; the others give the same probe each time.

    Args:
        probe: One of `PROBES`.
        train: Checked examples to learn from.
        validation: Checked examples to choose by.
        task: `"regression"` or `"classification"`.
        suite: Settings of `mlp`; [P]'s if None. The other kinds have none.
        progress: Whether `mlp` shows a progress bar.

    Raises:
        InputError: If the probe is unknown or is none for this task, or as `MlpSuite.fit` does.
    """
    check_task(probe, task)
    if probe == "mlp":
        from tfdeepsim.probes.mlp.fit import fit_mlp

        return fit_mlp(train, validation, task, suite, progress)
    if probe == "linear":
        from tfdeepsim.probes.scikit_learn.linear import fit_linear

        return fit_linear(train, validation, task)
    if probe == "knn":
        from tfdeepsim.probes.scikit_learn.knn import fit_knn

        return fit_knn(train, validation, task)
    from tfdeepsim.probes.scikit_learn.svm import fit_svm

    return fit_svm(train, validation)
