"""Probe `mlp`: the host of MLPs of Pihlgren et al."""

from typing import Any

from tfdeepsim.probes.host import Host
from tfdeepsim.probes.member import Member
from tfdeepsim.probes.probe import FittedProbe
from tfdeepsim.probes.progress import HostProgress
from tfdeepsim.probes.splits import Split


def fit_mlp(train: Split, validation: Split, task: str, host: Host | None, progress: bool) -> FittedProbe:
    """Train a whole host and keep, of each seed, the member of lowest validation loss ([P], Table 1).

    Args:
        train: Checked examples to learn from.
        validation: Checked examples to stop and to choose by.
        task: `"regression"` or `"classification"`.
        host: Architectures and settings; [P]'s seven if None.
        progress: Whether to show a progress bar.

    Raises:
        InputError: As `Host.fit` does.
    """
    host = Host() if host is None else host
    with HostProgress(host.epochs, host.size, shown=progress) as bar:
        fitted = host.fit(train, validation, task, bar.update)
    return FittedProbe(fitted.predict, [_record(member) for member in fitted.chosen], host.settings)


def _record(member: Member) -> dict[str, Any]:
    return {
        "seed": member.seed,
        "hidden": list(member.hidden),
        "validation_loss": member.validation_loss,
        "best_epoch": member.best_epoch,
        "epochs": member.epochs,
    }
