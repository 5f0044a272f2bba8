"""The command line of a recipe, for its report."""

import shlex
from typing import Any

from tfdeepsim.options import flag


def recipe_command(recipe: str, **flags: Any) -> str:
    """The command that reproduces a report.

    Args:
        recipe: Name of the recipe.
        **flags: Values of its flags; those that are None are left out.

    Example:
        >>> recipe_command("table1", scale=1.0, dataset="zip:my photos.zip")
        "train.py --recipe table1 --scale 1 --dataset 'zip:my photos.zip'"
    """
    words = ["train.py", "--recipe", recipe]
    for name, value in flags.items():
        if value is not None:
            words += [flag(name), f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join(words)
