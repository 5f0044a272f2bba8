"""Checks of the fields of adversarial training."""

from typing import TYPE_CHECKING

from tfdeepsim.errors import InputError

if TYPE_CHECKING:
    from tfdeepsim.config import TrainConfig


def check_adversarial_start(config: "TrainConfig") -> None:
    """Refuse a start of the adversarial term after the last of `--steps`.

    Raises:
        InputError: If the term would never join.
    """
    if config.steps is not None and config.adversarial_start >= config.steps:
        raise InputError(
            "--adversarial-start must come before the last step",
            got=f"--adversarial-start {config.adversarial_start} --steps {config.steps}",
            accepted=f"0 to {config.steps - 1}",
        )
