"""Settings of a search."""

import dataclasses
import math
from typing import Any

from tfdeepsim.errors import InputError
from tfdeepsim.probes import check_probe_settings
from tfdeepsim.tuning import check_tuner
from tfdeepsim.tuning.space import GRID_SIZE

HYPERBAND_FACTOR = 3
"""From one round of Hyperband to the next, so many times fewer probes train for so many times the
epochs."""

_DEFAULT_TRIALS = 30
_RANGES = {
    "trials": (1, 1_000_000), "epochs": (1, 1_000_000), "patience": (1, 2**31 - 1),
    "seed": (0, 2**31 - 1),
}  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """Settings of a search for the best probe.

    Attributes:
        tuner: Algorithm that chooses the hyperparameters of the next trial.
        trials: Largest number of trials (default: 30; all of them with grid or hyperband).
        epochs: Largest number of epochs of a trial.
        patience: Epochs without a lower validation loss after which a trial stops.
        seed: Seed of the tuner's choices, and of the weights and the order of examples in a trial.
        probe_settings: How probes are trained: `standard` with cross-entropy and standardised
            embeddings and positions; `pihlgren` as the code of Pihlgren et al., with MSE on one-hot
            vectors, batches of 512 and nothing standardised.

    Raises:
        InputError: If a setting is out of its range, or a name is unknown.

    Example:
        >>> SearchSettings(tuner="hyperband", epochs=27).most_trials
        70
    """

    tuner: str = "random"
    trials: int | None = None
    epochs: int = 100
    patience: int = 10
    seed: int = 0
    probe_settings: str = "standard"

    def __post_init__(self) -> None:
        check_tuner(self.tuner)
        check_probe_settings(self.probe_settings)
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise InputError(
                    f"--{name} is out of range", got=value, accepted=f"{least} to {most}"
                )

    def to_dict(self) -> dict[str, Any]:
        """The attributes, as JSON values; `probe_settings` only if they are not `standard`."""
        settings = dataclasses.asdict(self)
        if self.probe_settings == "standard":
            # Earlier versions did not record it, and their searches are still resumed.
            del settings["probe_settings"]
        return settings

    @property
    def most_trials(self) -> int:
        """Maximum number of trials of the search."""
        own = {"grid": GRID_SIZE, "hyperband": len(hyperband_epochs(self.epochs))}.get(self.tuner)
        if own is None:
            return self.trials or _DEFAULT_TRIALS
        return min(self.trials or own, own)

    @property
    def most_epochs(self) -> int:
        """Maximum number of epochs of all trials together."""
        if self.tuner == "hyperband":
            return sum(sorted(hyperband_epochs(self.epochs), reverse=True)[: self.most_trials])
        return self.most_trials * self.epochs


def hyperband_epochs(epochs: int, factor: int = HYPERBAND_FACTOR) -> list[int]:
    """Number of epochs of every trial in one iteration of keras-tuner's Hyperband.

    Args:
        epochs: Maximum number of epochs of a probe, summed over the trials that continue it.
        factor: From one round to the next, the number of probes is divided by this factor, and
            their number of epochs is multiplied by it.
    """
    brackets = 0
    while epochs / factor**brackets >= 1:
        brackets += 1
    last = math.ceil(1 + math.log(epochs, factor))
    epochs_of_trials = []
    for bracket in range(brackets):
        begin = 0
        for round_ in range(bracket + 1):
            end = math.ceil(epochs / factor ** (bracket - round_))
            trials = math.ceil(last / (bracket + 1) * factor ** (bracket - round_))
            epochs_of_trials += [end - begin] * trials
            begin = end
    return epochs_of_trials
