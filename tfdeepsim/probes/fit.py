"""Train a probe of any kind."""

from typing import TYPE_CHECKING

from tfdeepsim.probes import check_task
from tfdeepsim.probes.probe import FittedProbe
from tfdeepsim.probes.splits import Split

if TYPE_CHECKING:
    from tfdeepsim.probes.host import Host


def fit_probe(
    probe: str,
    train: Split,
    validation: Split,
    task: str,
    *,
    host: "Host | None" = None,
    progress: bool = True,
) -> FittedProbe:
    """Train the candidates of one kind of probe on `train`, and choose among them by `validation`.

    Every kind takes embeddings at mean 0 and deviation 1 of probe-train per column. Only `mlp` has seeds;
    the others give the same probe each time.

    Args:
        probe: One of `PROBES`.
        train: Checked examples to learn from.
        validation: Checked examples to choose by.
        task: `"regression"` or `"classification"`.
        host: Settings of `mlp`; [P]'s if None. The other kinds have none.
        progress: Whether `mlp` shows a progress bar.

    Raises:
        InputError: If the probe is unknown or is none for this task, or as `Host.fit` does.
    """
    check_task(probe, task)
    if probe == "mlp":
        from tfdeepsim.probes.mlp import fit_mlp

        return fit_mlp(train, validation, task, host, progress)
    if probe == "linear":
        from tfdeepsim.probes.linear import fit_linear

        return fit_linear(train, validation, task)
    if probe == "knn":
        from tfdeepsim.probes.knn import fit_knn

        return fit_knn(train, validation, task)
    from tfdeepsim.probes.svm import fit_svm

    return fit_svm(train, validation)
