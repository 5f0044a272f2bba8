"""Whole tables and figures, each from one command. A recipe's header says command, time and
numbers."""

from tfdeepsim.errors import InputError

OF_INVERSIONS = (
    *("table8", "figure9", "figure10", "figure11", "figure12", "preimages", "preferred_inputs"),
)
"""Those that share the runs of one folder."""
RECIPES = ("quickstart", "table1", "comparators", "table4", "figure4", *OF_INVERSIONS)

ON_ANY_IMAGES = ("table4", "figure4", *OF_INVERSIONS)
"""Those that take `--dataset`."""


def check_recipe(name: str) -> None:
    """Refuse a recipe that there is not.

    Raises:
        InputError: If `name` is unknown.
    """
    if name not in RECIPES:
        raise InputError("unknown recipe", got=name, accepted=", ".join(RECIPES))
