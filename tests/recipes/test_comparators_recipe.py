"""The recipe that compares comparators: its configs, and that they differ in nothing else."""

import dataclasses

import pytest

from tfdeepsim.comparators.spec import parse
from tfdeepsim.config import TrainConfig
from tfdeepsim.recipes import RECIPES
from tfdeepsim.recipes.comparators import COMPARATORS, VGG16, configs

OF_COMPARATOR = (
    *("comparator", "comparator_weights", "comparator_input"),
    *("feature_normalization", "feature_activation"),
)


def test_is_a_recipe():
    assert "comparators" in RECIPES


def without_comparator(config):
    plain = TrainConfig(loss="perceptual")
    same = {name: getattr(plain, name) for name in OF_COMPARATOR}
    return dataclasses.replace(config, **same)


def test_rows_differ_in_the_comparator_alone():
    rows = configs(comparator_weights="vgg16.pth", dataset="zip:photos.zip", epochs=5)
    assert len({tuple(getattr(row, name) for name in OF_COMPARATOR) for row in rows.values()}) == 12
    assert len({without_comparator(config) for config in rows.values()}) == 1
    first = rows["random"]
    assert (first.loss, first.dataset, first.epochs) == ("perceptual", "zip:photos.zip", 5)


def test_a_weights_file_of_vgg16_adds_two_of_its_layers():
    rows = configs(comparator_weights="weights/vgg16-397923af.pth")
    assert rows.keys() - COMPARATORS.keys() == VGG16.keys()
    for name, comparator in VGG16.items():
        assert rows[name].comparator == comparator
        assert rows[name].comparator_weights == "weights/vgg16-397923af.pth"


def test_another_alexnet_is_a_row_where_it_is_given():
    rows = configs(comparator_weights="runs/alexnet")
    assert rows["other-alexnet"].comparator_weights == "runs/alexnet"
    assert rows["relu2"].comparator_weights is None


@pytest.mark.parametrize("name", COMPARATORS)
def test_all_of_them_are_comparators(name):
    parse(COMPARATORS[name]["comparator"])
