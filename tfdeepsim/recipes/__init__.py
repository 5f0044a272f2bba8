"""Whole tables and figures, each from one command. A recipe's header says command, time and numbers."""

from tfdeepsim.errors import InputError

RECIPES = ("quickstart", "table1", "comparators", "table4", "figure4")

ON_ANY_IMAGES = ("table4", "figure4")
"""Those that take `--dataset`."""


def check_recipe(name: str) -> None:
    """Refuse a recipe that there is not.

    Raises:
        InputError: If `name` is unknown.
    """
    if name not in RECIPES:
        raise InputError("unknown recipe", got=name, accepted=", ".join(RECIPES))
