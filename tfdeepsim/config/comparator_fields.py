"""Checks of the fields of a comparator and of the units of loss weights."""

from typing import TYPE_CHECKING

from tfdeepsim.config.defaults import DEFAULT_RANGE, EXTERNAL, LAMBDAS
from tfdeepsim.errors import InputError
from tfdeepsim.options import flag

if TYPE_CHECKING:
    from tfdeepsim.config import TrainConfig


def check_external_fields(config: "TrainConfig") -> None:
    """Refuse the fields of an external comparator for another one.

    Raises:
        InputError: If one of them is set.
    """
    if str(config.comparator).startswith(EXTERNAL):
        return
    defaults = {"comparator_range": DEFAULT_RANGE, "comparator_saw_labels": None}
    for name, default in defaults.items():
        if getattr(config, name) != default:
            raise InputError(
                f"{flag(name)} is for external comparators",
                got=f"{getattr(config, name)} with --comparator {config.comparator}",
                accepted=f"--comparator {EXTERNAL}FILE.keras:LAYER",
            )


def check_paper_units(config: "TrainConfig") -> None:
    """Refuse weights of `--loss` in the paper's units, which has such weights for `deepsim` alone:
    those of another loss, read as sums, would be millions of times too large.

    Raises:
        InputError: If a weight is not set.
    """
    if config.lambda_units != "paper" or config.loss == "deepsim":
        return
    fields = [LAMBDAS[term] for term in config.loss_weights]
    if unset := [name for name in fields if getattr(config, name) is None]:
        raise InputError(
            "--lambda-units paper has weights of its own for --loss deepsim alone",
            got=f"--loss {config.loss} without {' and '.join(map(flag, unset))}",
            accepted=f"{' and '.join(map(flag, unset))} in the paper's units, "
            "or --lambda-units mean",
        )
