"""Training of comparators: from labels, from patches of unlabeled images, from frames of
rollouts."""

import importlib
from typing import TYPE_CHECKING

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Splits

if TYPE_CHECKING:
    from tfdeepsim.pretraining.objective import Objective

OBJECTIVES = {"alexnet": "classification", "exemplar_cnn": "surrogate", "videonet": "ranking"}
"""By what a comparator is trained: the module that holds the class `Objective` of that kind."""


def make_objective(config: TrainConfig, splits: Splits) -> "Objective":
    """What the comparator of `config` is trained by, on those images.

    Raises:
        InputError: If the images do not allow it.
    """
    module = importlib.import_module(f"tfdeepsim.pretraining.{OBJECTIVES[str(config.comparator)]}")
    return module.make(config, splits)
