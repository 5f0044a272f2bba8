"""The command line of a recipe can be given to a shell."""

import shlex

from tfdeepsim.commands.train import make_parser
from tfdeepsim.recipes.command import recipe_command


def test_the_command_has_the_values_that_were_given():
    command = recipe_command(
        "table1", scale=1e-4, dataset="zip:my photos.zip", comparator_weights=None, seeds=2
    )
    assert command == (
        "train.py --recipe table1 --scale 0.0001 --dataset 'zip:my photos.zip' --seeds 2"
    )
    arguments = make_parser().parse_args(shlex.split(command)[1:])
    assert (arguments.dataset, arguments.seeds) == ("zip:my photos.zip", 2)
