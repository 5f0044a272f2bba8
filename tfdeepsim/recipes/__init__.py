"""Whole tables and figures, each from one command. A recipe's header says command, time and numbers."""

from tfdeepsim.errors import InputError

RECIPES = ("quickstart", "table1", "comparators")


def check_recipe(name: str) -> None:
    """Refuse a recipe that there is not.

    Raises:
        InputError: If `name` is unknown.
    """
    if name not in RECIPES:
        raise InputError("unknown recipe", got=name, accepted=", ".join(RECIPES))
