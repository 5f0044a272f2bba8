"""Tables and figures of the papers, each reproduced by one command.

The header of a recipe says the command, what is trained and what the report holds.
"""

from tfdeepsim.errors import InputError

INVERSION_RECIPES = (
    "table8",
    "figure9",
    "figure10",
    "figure11",
    "figure12",
    "preimages",
    "preferred_inputs",
)
"""Recipes that share the runs in one folder."""
ALEXNET_RECIPES = ("figure4", *INVERSION_RECIPES)
"""Recipes that train the fully connected layers of AlexNet if no weights are given."""
RECIPES = (
    "quickstart",
    "learning_curves",
    "table1",
    "figure1",
    "comparators",
    "table4",
    "figure4",
    *INVERSION_RECIPES,
)

DATASET_RECIPES = ("figure1", "table4", "figure4", *INVERSION_RECIPES)
"""Recipes that take `--dataset`."""


def check_recipe(name: str) -> None:
    """Refuse the name of an unknown recipe.

    Raises:
        InputError: If `name` is unknown.
    """
    if name not in RECIPES:
        raise InputError("unknown recipe", got=name, accepted=", ".join(RECIPES))
