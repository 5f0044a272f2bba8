"""Every recipe builds its configs at full size and at a small one."""

import importlib

import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.recipes import INVERSION_RECIPES, RECIPES
from tfdeepsim.recipes.inversion_runs import SYSTEMS, InversionRuns
from tfdeepsim.recipes.table8 import rows

CONFIGS = [name for name in RECIPES if name not in INVERSION_RECIPES]
SMALL = 0.1
"""Small for every recipe: those of LunarLander need ten rollouts."""


def configs_in(tree):
    """The configs in dictionaries of dictionaries."""
    if isinstance(tree, TrainConfig):
        return [tree]
    return [config for branch in tree.values() for config in configs_in(branch)]


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("weights", [None, "alexnet.pth", "bvlc_alexnet.caffemodel"])
def test_configs_of_recipes(name, weights):
    build = importlib.import_module(f"tfdeepsim.recipes.{name}").configs
    full, small = (configs_in(build(scale, comparator_weights=weights)) for scale in (1.0, SMALL))
    assert len(full) == len(small) > 0
    for config in (*full, *small):
        assert TrainConfig.from_dict(config.to_dict()) == config
    for one, other in zip(full, small, strict=True):
        assert (one.loss, one.model, one.task) == (other.loss, other.model, other.task)


@pytest.mark.parametrize("name", INVERSION_RECIPES)
@pytest.mark.parametrize("weights", ["alexnet.pth", "bvlc_alexnet.caffemodel"])
def test_configs_of_inversions(name, weights):
    module = importlib.import_module(f"tfdeepsim.recipes.{name}")
    runs = rows() if name == "table8" else module.RUNS
    assert {system for _, system in runs} <= set(SYSTEMS)
    for scale in (1.0, SMALL):
        inversions = InversionRuns("runs", scale, comparator_weights=weights)
        for layer, system in runs:
            config = inversions.config(layer, system)
            assert TrainConfig.from_dict(config.to_dict()) == config
