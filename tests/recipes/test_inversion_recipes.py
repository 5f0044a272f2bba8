"""The configs of the recipes of inversions."""

import importlib
import inspect

import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.score import InversionScore
from tfdeepsim.recipes import (
    FLAGS,
    INVERSION_RECIPES,
    RECIPES,
    table8,
)
from tfdeepsim.recipes.inversion_runs import LAYERS, SYSTEMS, InversionRuns
from tfdeepsim.report.inversion_table import InversionTable, write_inversions

FIGURES = {
    "figure9": ("drift.png", *(f"reencoding-{layer}-deepsim.png" for layer in LAYERS.values())),
    "figure10": (
        "comparators.png",
        "comparators/inversions.csv",
        "comparators/inversions.md",
    ),
    "figure11": ("interpolation.png",),
    "figure12": ("preservation.png",),
    "preimages": ("preimages.png",),
    "preferred_inputs": ("preferred_inputs.png",),
}
"""Files that each recipe writes beside its runs."""
ABLATIONS = dict(table8.ABLATIONS)
"""All ablations, before fixtures shorten them."""
TERMS = {
    "deepsim": {"feature", "adversarial", "image"},
    "pixel": {"image"},
    "without-img": {"feature", "adversarial"},
    "without-feat": {"adversarial", "image"},
    "without-adv": {"feature", "image"},
    "fc6-comparator": {"feature", "adversarial", "image"},
    "random-comparator": {"feature", "adversarial", "image"},
    "videonet-comparator": {"feature", "adversarial", "image"},
    "noise": {"feature", "adversarial", "image"},
    "diverse": {"feature", "adversarial", "image", "diversity"},
}
EVERY = [(layer, system) for layer in LAYERS.values() for system in SYSTEMS]


def recipe(name):
    return importlib.import_module(f"tfdeepsim.recipes.{name}")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_exists_and_says_its_command(name):
    module = recipe(name)
    assert callable(module.reproduce)
    assert f"python train.py --recipe {name}" in module.__doc__


@pytest.mark.parametrize("name", INVERSION_RECIPES)
def test_recipes_of_inversions_take_the_flags_of_the_command(name):
    assert FLAGS[name] == ("dataset", "convolutions")
    flags = {"run_dir", "scale", "dataset", "data_dir", "comparator_weights", "dry_run"}
    taken = set(inspect.signature(recipe(name).reproduce).parameters)
    taken |= set(inspect.signature(InversionRuns).parameters)
    assert flags <= taken


@pytest.mark.parametrize(("layer", "system"), EVERY)
@pytest.mark.parametrize("scale", [1.0, 0.0006])
def test_every_config_is_valid_and_has_the_terms_of_its_name(layer, system, scale):
    inversions = InversionRuns("runs", scale, "zip:photos.zip", "data", "alexnet.pth")
    config = inversions.config(layer, system, seed=2)
    assert set(config.loss_weights) == TERMS[system]
    assert (config.task, config.invert, config.invert_weights) == (
        "inversion",
        f"alexnet:{layer}",
        "alexnet.pth",
    )
    assert (config.dataset, config.data_dir, config.seed) == ("zip:photos.zip", "data", 2)
    sizes = (config.steps, config.image_size, config.width, config.batch_size)
    assert sizes == ((500_000, 227, 1.0, 64) if scale == 1 else (300, 64, 0.5, 64))
    assert TrainConfig.from_dict(config.to_dict()) == config


def test_a_term_weighs_the_same_in_all_systems_that_have_it():
    inversions = InversionRuns("runs", 0.001, comparator_weights="alexnet.pth")
    weights = {system: inversions.config("relu6", system).loss_weights for system in SYSTEMS}
    for system in SYSTEMS:
        own = {name: weight for name, weight in weights[system].items() if name != "diversity"}
        assert own.items() <= weights["deepsim"].items()


def test_comparators_and_their_weights():
    inversions = InversionRuns("runs", 0.001, comparator_weights="alexnet.pth")
    configs = {system: inversions.config("relu6", system) for system in SYSTEMS}
    weights = {
        system: (config.comparator, config.comparator_weights) for system, config in configs.items()
    }
    assert weights.pop("pixel") == weights.pop("without-feat") == (None, None)
    assert weights.pop("fc6-comparator") == ("alexnet:relu6", "alexnet.pth")
    assert weights.pop("random-comparator") == ("random_alexnet:pool5", None)
    assert weights.pop("videonet-comparator") == ("videonet:pool5", "runs/videonet")
    assert set(weights.values()) == {("alexnet:pool5", "alexnet.pth")}
    assert {system for system, config in configs.items() if config.noise_dim} == {
        "noise",
        "diverse",
    }


def test_rows_of_table_8():
    rows = table8.rows()
    assert len(rows) == len(set(rows)) == 11
    assert {(layer, system) for layer in LAYERS.values() for system in ("deepsim", "pixel")} < set(
        rows
    )
    assert {(table8.ABLATED, system) for system in table8.ABLATIONS} < set(rows)
    for values in (*table8.REPORTED.values(), table8.REPORTED_EARLIER):
        assert len(values) == len(LAYERS)


def test_the_pixel_loss_stands_beside_our_just_image_loss_and_2015_has_a_column_of_its_own(
    tmp_path,
):
    reported = table8._by_row(table8.REPORTED)
    assert reported["alexnet:relu6", "pixel loss"] == "46 / 79"
    assert {key for key in reported if key[1] == "pixel loss"} == {("alexnet:relu6", "pixel loss")}
    earlier = table8._by_row({"pixel loss": table8.REPORTED_EARLIER})
    assert earlier["alexnet:pool5", "pixel loss"] == "35 / –"
    score = InversionScore("alexnet:relu6", "pixel loss", 0, 5, 0.5, 0.7, 0.3, 0.3)
    table = InversionTable([score], reported, other_papers={table8.EARLIER: earlier})
    write_inversions(tmp_path, table)
    titles, _, row = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (tmp_path / "inversions.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    ]
    assert titles[-2:] == ["Paper: image / feature", "Dosovitskiy and Brox 2015: image / feature"]
    assert row[-2:] == ["46 / 79", "51 / –"]


def test_every_run_of_a_recipe_has_a_config():
    for name in FIGURES:
        assert set(recipe(name).RUNS) <= set(EVERY)


@pytest.mark.parametrize("scale", [0, -1, 2, 1e-9])
def test_bad_scales(scale):
    with pytest.raises(InputError, match="--scale is a share"):
        InversionRuns("runs", scale)
