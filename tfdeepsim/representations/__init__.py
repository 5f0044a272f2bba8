"""Representations: what can stand as a row in a table of embeddings.

Light on purpose: importing this room loads no TensorFlow, so that a command can check names at
once.
"""

from tfdeepsim.errors import InputError
from tfdeepsim.scores import BASELINES

BASELINE_NAMES = tuple(BASELINES)
"""Baselines that can be asked for, in the order of a table."""


def check_baselines(text: str) -> tuple[str, ...]:
    """The baselines that `--baselines` names, in the order of a table.

    Args:
        text: Names with commas between them, or `all`, or `none`.

    Raises:
        InputError: If one is unknown.
    """
    if text in ("all", "none"):
        return BASELINE_NAMES if text == "all" else ()
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in BASELINE_NAMES]:
        raise InputError(
            "baseline must be known",
            got=", ".join(map(repr, unknown)),
            accepted=f"{', '.join(BASELINE_NAMES)} with commas between them, or all, or none",
        )
    return tuple(name for name in BASELINE_NAMES if name in names)
