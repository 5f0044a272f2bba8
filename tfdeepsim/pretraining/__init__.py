"""Objectives that train comparators: with labels, on patches of unlabelled images, and on frames of
videos."""

import importlib
from typing import TYPE_CHECKING

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Splits

if TYPE_CHECKING:
    from tfdeepsim.pretraining.objective import Objective

OBJECTIVES = {"alexnet": "classification", "exemplar_cnn": "surrogate", "videonet": "ranking"}
"""Module of the objective that each comparator is trained under."""


def make_objective(config: TrainConfig, splits: Splits) -> "Objective":
    """Build the objective that the comparator of `config` is trained under.

    Args:
        config: Config of a run of `--task comparator`.
        splits: The dataset's splits.

    Raises:
        InputError: If the images are not suited to the objective.
    """
    module = importlib.import_module(f"tfdeepsim.pretraining.{OBJECTIVES[str(config.comparator)]}")
    return module.make(config, splits)
