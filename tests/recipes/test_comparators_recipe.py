"""The recipe that compares comparators: its configs, and that they differ in nothing else."""

import dataclasses

import pytest

from tfdeepsim.comparators.spec import parse
from tfdeepsim.recipes import RECIPES
from tfdeepsim.recipes.comparators import COMPARATORS, configs


def test_is_a_recipe():
    assert "comparators" in RECIPES


def test_rows_differ_in_the_comparator_alone():
    rows = configs()
    assert {name: config.comparator for name, config in rows.items()} == COMPARATORS
    same = {
        dataclasses.replace(config, comparator="random_alexnet:relu2") for config in rows.values()
    }
    assert len(same) == 1
    assert {config.loss for config in rows.values()} == {"perceptual"}


def test_another_alexnet_is_a_row_where_it_is_given():
    rows = configs(comparator_weights="runs/alexnet")
    assert rows["other-alexnet"].comparator_weights == "runs/alexnet"
    assert rows["alexnet"].comparator_weights is None


@pytest.mark.parametrize("spec", COMPARATORS.values())
def test_all_of_them_are_comparators(spec):
    assert parse(spec).layers == ("relu2",)
