"""Representations: everything that can be a row in a table of embeddings.

A representation is a trained run, an external encoder, stored embeddings, or a baseline. Importing
this package loads no TensorFlow, so that a command can check names at once.
"""

from tfdeepsim.errors import InputError
from tfdeepsim.scores import BASELINES

BASELINE_NAMES = tuple(BASELINES)
"""Names of all baselines, in the order of their rows in a table."""


def check_baselines(text: str) -> tuple[str, ...]:
    """Parse and check the value of `--baselines`.

    Args:
        text: Names separated by commas, or `all`, or `none`.

    Returns:
        The names, in the order of their rows in a table, each once.

    Raises:
        InputError: If a name is unknown.
    """
    if text in ("all", "none"):
        return BASELINE_NAMES if text == "all" else ()
    names = [name.strip() for name in text.split(",")]
    if unknown := [name for name in names if name not in BASELINE_NAMES]:
        raise InputError(
            "baseline must be known",
            got=", ".join(map(repr, unknown)),
            accepted=f"{', '.join(BASELINE_NAMES)} separated by commas, or all, or none",
        )
    return tuple(name for name in BASELINE_NAMES if name in names)
