"""The quickstart: what it would train, and the whole of it at the smallest scale."""

import csv

import pytest

from tfdeepsim.data import describe
from tfdeepsim.errors import InputError
from tfdeepsim.recipes import RECIPES, check_recipe, quickstart
from tfdeepsim.recipes.systems import SYSTEMS
from tfdeepsim.scores import BASELINES


def test_every_recipe_is_known():
    assert [check_recipe(name) for name in RECIPES] == [None] * len(RECIPES)
    with pytest.raises(InputError, match="unknown recipe"):
        check_recipe("lasagne")


def test_systems_differ_in_model_and_loss_alone():
    configs = quickstart.configs()
    assert [(c.model, c.loss_name) for c in configs.values()] == [
        ("ae", "pixel"),
        ("vae", "pixel"),
        ("ae", "perceptual"),
        ("vae", "perceptual"),
    ]
    differing = {
        key
        for c in configs.values()
        for key, value in c.to_dict().items()
        if value != configs["ae"].to_dict()[key]
    }
    assert differing == {"model", "loss", "comparator", "feature_scale"}


def test_scale_is_a_number_of_rollouts(tmp_path):
    full = describe(quickstart.configs()["ae"].dataset, tmp_path)
    tenth = describe(quickstart.configs(0.1)["ae"].dataset, tmp_path)
    assert full.splits == {name: 10 * size for name, size in tenth.splits.items()}


@pytest.mark.slow
def test_whole_recipe_and_a_second_call(tmp_path, capsys):
    folder = tmp_path / "quickstart"
    for _ in range(2):  # the second finds everything done but the probes
        scores = quickstart.reproduce(
            str(folder), scale=10 / quickstart.ROLLOUTS, data_dir=str(tmp_path)
        )
    assert "finished already" in capsys.readouterr().out
    assert [score.run for score in scores if score.metric == "l1"] == [*SYSTEMS, *BASELINES]
    with open(folder / "results.csv") as file:
        assert len(list(csv.DictReader(file))) == len(scores)
    assert (folder / "report.html").is_file()
    lines = (folder / "curves.csv").read_text().splitlines()
    assert len(lines) == 1 + quickstart.EPOCHS * len(SYSTEMS)
