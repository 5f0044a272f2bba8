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
FLAGS: dict[str, tuple[str, ...]] = {
    "quickstart": ("epochs", "precision"),
    "learning_curves": ("epochs", "precision", "seeds"),
    "table1": (
        *("latent_dims", "gammas", "dataset", "image_size", "resize", "epochs", "batch_size"),
        *("precision", "seeds"),
    ),
    "figure1": ("dataset",),
    "comparators": ("dataset", "image_size", "epochs", "precision", "seeds"),
    "table4": ("dataset", "precision", "seeds"),
    "figure4": ("dataset", "convolutions"),
    **dict.fromkeys(INVERSION_RECIPES, ("dataset", "convolutions")),
}
"""What a recipe takes besides `FLAGS_OF_ALL`, by its name. With `convolutions`, it trains the fully
connected layers of AlexNet if no weights are given."""
FLAGS_OF_ALL = ("scale", "run_dir", "data_dir", "comparator_weights", "dry_run")
RECIPES = tuple(FLAGS)


def check_recipe(name: str) -> None:
    """Refuse the name of an unknown recipe.

    Raises:
        InputError: If `name` is unknown.
    """
    if name not in RECIPES:
        raise InputError("unknown recipe", got=name, accepted=", ".join(RECIPES))
