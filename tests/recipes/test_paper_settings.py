"""The full size of the recipes of Dosovitskiy & Brox has the paper's settings; departures are
printed."""

import importlib
import io

import pytest
from rich.console import Console

from tfdeepsim.config.defaults import PAPER_DEEPSIM
from tfdeepsim.recipes import figure4, table4
from tfdeepsim.recipes.inversion_runs import SYSTEMS, InversionRuns
from tfdeepsim.recipes.paper_settings import is_caffe, print_settings
from tfdeepsim.units import mean_units

CAFFE = "bvlc_alexnet.caffemodel"


def rows(scale, weights):
    """The configs of the three recipes."""
    inversions = InversionRuns("runs", scale, "imagenet", None, weights)
    return [
        *table4.configs(scale, comparator_weights=weights).values(),
        *figure4.configs(scale, comparator_weights=weights, videonet="runs/videonet").values(),
        *(inversions.config("relu6", system) for system in SYSTEMS),
    ]


@pytest.mark.parametrize("weights", ["alexnet.pth", CAFFE])
def test_full_size_has_the_rate_the_schedule_and_the_length_of_the_paper(weights):
    for config in rows(1.0, weights):
        assert (config.learning_rate, config.schedule) == (2e-4, "halving")
        assert config.patience >= config.steps == 500_000
        assert "crop" in config.augment
        assert config.image_size == (64 if config.dataset == "stl10" else 227)


def test_smaller_sizes_keep_their_settings():
    for config in rows(0.001, "alexnet.pth"):
        assert (config.learning_rate, config.schedule) == (5e-4, "constant")
        assert (config.patience, config.image_size) == (None, 64)


def test_with_weights_of_caffe_the_weights_are_those_of_the_released_files():
    for config in rows(1.0, CAFFE):
        if config.comparator is None or "caffe" not in config.comparator:
            continue
        assert (config.lambda_units, config.comparator_weights) == ("paper", CAFFE)
        own = {name: value for name, value in config.loss_weights.items() if name in PAPER_DEEPSIM}
        assert own.items() <= PAPER_DEEPSIM.items()
    networks = {config.comparator for config in rows(1.0, CAFFE)}
    assert {f"caffe_alexnet:{layer}" for layer in ("conv3", "pool5", "relu6")} <= networks
    assert not {f"alexnet:{layer}" for layer in ("conv3", "pool5", "relu6")} & networks
    assert InversionRuns("runs", 1.0, "imagenet", None, CAFFE).config(
        "relu6", "deepsim"
    ).invert == ("caffe_alexnet:relu6")


@pytest.mark.parametrize("system", [name for name in SYSTEMS if name != "pixel"])
def test_otherwise_image_and_adversarial_term_weigh_as_in_the_released_files(system):
    config = InversionRuns("runs", 1.0, "imagenet", None, "a.pth").config("relu6", system)
    paper = mean_units(PAPER_DEEPSIM, 3 * 227**2)
    weights = config.loss_weights
    assert config.lambda_units == "mean"
    if {"image", "adversarial"} <= set(weights):
        ratio = weights["adversarial"] / weights["image"]
        assert ratio == pytest.approx(paper["adversarial"] / paper["image"])
    if "adversarial" in weights and system != "deepsim":
        full = InversionRuns("runs", 1.0, "imagenet", None, "a.pth").config("relu6", "deepsim")
        assert weights["adversarial"] == full.loss_weights["adversarial"]


def test_kl_weighs_the_same_beside_the_image_term_in_both_units():
    own = figure4.configs(1.0, comparator_weights="a.pth")["AlexNet conv5"]
    caffe = figure4.configs(1.0, comparator_weights=CAFFE)["AlexNet conv5"]
    in_mean_units = mean_units(caffe.loss_weights, 3 * 227**2, 1, caffe.latent_dim)
    assert in_mean_units["kl"] / in_mean_units["image"] == pytest.approx(
        own.loss_weights["kl"] / own.loss_weights["image"]
    )


def printed(scale, caffe, *departures):
    file = io.StringIO()
    steps = round(500_000 * scale)
    console = Console(file=file, width=200)
    print_settings(scale, steps, 500_000, 227, caffe, console, departures)
    return file.getvalue().splitlines()


def test_departures_are_printed_one_a_line():
    lines = printed(0.001, False, "half the channels")
    assert all(line.startswith("departs from the paper: ") for line in lines)
    for text in ("500 steps, not 500,000", "0.0005, not 0.0002", "halved", "half the channels"):
        assert sum(text in line for line in lines) == 1
    assert printed(1.0, True) == []
    [computed, feature] = printed(1.0, False)
    assert "adversarial 100" in computed
    assert "image 1.005e+04" in computed
    assert "0 to 255" in feature


@pytest.mark.parametrize("name", ["table4", "figure4"])
def test_recipes_print_them_before_they_train(name, tmp_path, monkeypatch, capsys):
    recipe = importlib.import_module(f"tfdeepsim.recipes.{name}")

    def stop(*arguments, **options):
        raise InterruptedError

    monkeypatch.setattr(recipe, "ensure_trained", stop)
    monkeypatch.setattr(figure4, "trained_videonet", lambda *arguments: None)
    with pytest.raises(InterruptedError):
        recipe.reproduce(str(tmp_path), 0.001, data_dir=str(tmp_path), dry_run=True)
    assert "departs from the paper: 500 steps" in capsys.readouterr().out


def test_inversions_print_them_before_they_train(capsys):
    InversionRuns("runs", 0.001, "imagenet", None, "a.pth").train_alexnet()
    assert "departs from the paper: 500 steps" in capsys.readouterr().out


def test_weights_of_caffe_are_known_by_the_name_of_their_file():
    assert is_caffe(CAFFE)
    assert not is_caffe("alexnet.pth")
    assert not is_caffe(None)
