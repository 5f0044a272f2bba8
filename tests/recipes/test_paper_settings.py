"""The full size of the recipes of Dosovitskiy & Brox has the paper's settings; departures are
printed."""

import dataclasses
import importlib

import numpy as np
import pytest

from tfdeepsim.config.defaults import LAMBDAS, PAPER_DEEPSIM
from tfdeepsim.recipes import figure4, table4, table8
from tfdeepsim.recipes.inversion_runs import SYSTEMS, InversionRuns
from tfdeepsim.recipes.paper_settings import departures, is_caffe
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


def table4_rows(scale, weights, dataset="stl10"):
    return table4.configs(scale, dataset, comparator_weights=weights)


def figure4_rows(scale, weights, dataset="imagenet"):
    return figure4.configs(scale, dataset, None, weights, "runs/videonet")


def inversion_rows(scale, weights, dataset="imagenet"):
    inversions = InversionRuns("runs", scale, dataset, None, weights)
    return {system: inversions.config("relu6", system) for system in SYSTEMS}


BUILDERS = pytest.mark.parametrize("build", [table4_rows, figure4_rows, inversion_rows])


def lines_of(build, scale, weights, *dataset):
    return departures(build(scale, weights, *dataset), build(1.0, CAFFE))


NAMED_BY = {
    "dataset": "dataset {own}, not {paper}",
    "shorter_side": "from images of {own} pixels, not {paper}",
    "augment": "no random crops",
    "image_size": "images of {own} pixels, not {paper}",
    "steps": "{own:,} steps, not {paper:,}",
    "learning_rate": "learning rate {own:g}, not {paper:g}",
    "schedule": "halved",
    "patience": "stop early",
    "width": "{own:g} times the channels",
    "latent_dim": "{own} latent dimensions, not {paper}",
    "comparator": "the comparator is alexnet, not caffe_alexnet",
    "invert": "the inverted network is alexnet, not caffe_alexnet",
    "feature_scale": "errors that are {own}",
    "lambda_units": "λ in mean units",
    "lambda_feat": "feature {own:.4g}",
    "lambda_adv": "adversarial {own:.4g}",
    "lambda_img": "image {own:.4g}",
    # Their number for the same loss follows from the units; the paper gives none.
    "lambda_kl": "λ in mean units",
    "lambda_diversity": "λ in mean units",
}
"""Words that name a field which departs, with its values."""
PLACES = {"comparator_weights", "invert_weights"}


@BUILDERS
@pytest.mark.parametrize("scale", [1.0, 0.001])
@pytest.mark.parametrize("weights", ["alexnet.pth", CAFFE])
@pytest.mark.parametrize("dataset", [(), ("zip:photos.zip",)])
def test_every_field_that_departs_is_named(build, scale, weights, dataset):
    own, paper = build(scale, weights, *dataset), build(1.0, CAFFE)
    lines = departures(own, paper)
    assert list(own) == list(paper)
    for row, config in own.items():
        expected, values = fields_of(paper[row]), fields_of(config)
        for field in {name for name in values if values[name] != expected[name]} - PLACES:
            if field == "shorter_side" and "crop" not in config.augment:
                field = "augment"
            words = NAMED_BY[field].format(own=values[field], paper=expected[field])
            named = [line for line in lines if words in line and of_row(line, row, own)]
            assert named, (row, field, words, lines)


def fields_of(config):
    """Fields by name, with the weights that `loss` stands for."""
    weights = {field: config.loss_weights.get(term, 0.0) for term, field in LAMBDAS.items()}
    return config.to_dict() | weights


def of_row(line, row, rows):
    """Whether a line is of a row: it starts with the names of its rows, unless these are all."""
    names, colon, _ = line.partition(": ")
    listed = names.split("; ") if colon else []
    return row in listed or not set(listed) & set(rows)


@BUILDERS
def test_weights_in_mean_units_depart_also_beside_weights_of_caffe(build):
    """The comparators that are not Caffe's AlexNet keep the package's own weight of features."""
    lines = lines_of(build, 1.0, CAFFE)
    rows = build(1.0, CAFFE)
    kept = {
        row
        for row, config in rows.items()
        if "feature" in config.loss_weights and config.lambda_units == "mean"
    }
    assert kept
    [line] = [line for line in lines if "λ_feat is that of this package" in line]
    assert set(line.partition(": ")[0].split("; ")) == kept
    [computed] = [line for line in lines if "λ in mean units are" in line]
    assert "adversarial 100, image" in computed
    assert computed.endswith("in the same proportion")


def test_nothing_else_departs_at_full_size_with_weights_of_caffe():
    inversions = InversionRuns("runs", 1.0, comparator_weights=CAFFE)
    rows = {
        f"{layer} {system}": inversions.config(layer, system) for layer, system in table8.rows()
    }
    [line] = departures(rows, rows)
    assert line == (
        "the learning rate is halved after 150,000, 250,000, 350,000, 450,000 of 500,000 steps, in "
        "the released files after 300,000, 500,000, 700,000, 900,000 of 1,000,000"
    )


def test_with_the_steps_of_the_released_files_the_halvings_are_theirs():
    config = dataclasses.replace(table4_rows(1.0, CAFFE)["SE"], steps=1_000_000, patience=1_000_000)
    assert departures({"SE": config}, {"SE": config}) == []
    assert not any("is halved after" in line for line in lines_of(table4_rows, 0.001, CAFFE))


def test_a_field_without_words_of_its_own_is_named_by_its_flag():
    paper = table4_rows(1.0, CAFFE)
    own = {name: dataclasses.replace(config, batch_size=8) for name, config in paper.items()}
    assert departures(own, paper)[0] == "--batch-size 8, not 64"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "table4",
            ["500 steps", "from images of 72 pixels, not 96", "Exemplar-CNN is the bundled"],
        ),
        (
            "figure4",
            [
                "500 steps",
                "the encoder of all rows but the last",
                "VideoNet is trained on",
                "fc8 of AlexNet are trained on the labels of npz:",
            ],
        ),
        (
            "table8",
            ["500 steps", "fc6, fc7 and fc8 of AlexNet are trained on the labels of npz:"],
        ),
        ("figure10", ["0.5 times the channels", "VideoNet is trained on"]),
    ],
)
def test_recipes_print_them_before_they_train(name, expected, tmp_path, monkeypatch, capsys):
    recipe = importlib.import_module(f"tfdeepsim.recipes.{name}")

    def stop(*arguments, **options):
        raise InterruptedError

    for module in ("table4", "trained_comparators"):
        monkeypatch.setattr(f"tfdeepsim.recipes.{module}.ensure_trained", stop)
    images = np.zeros((20, 64, 64, 3), np.uint8)
    np.savez(tmp_path / "photos.npz", images=images, labels=np.arange(20) % 2)
    dataset = f"npz:{tmp_path / 'photos.npz'}"
    options = {"scale": 0.001, "dataset": dataset, "data_dir": str(tmp_path)}
    with pytest.raises(InterruptedError):
        recipe.reproduce(str(tmp_path), dry_run=True, **options)
    lines = [
        line
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("departs from the paper: ")
    ]
    for words in expected:
        assert sum(words in line for line in lines) == 1, (words, lines)


def test_weights_of_caffe_are_known_by_the_name_of_their_file():
    assert is_caffe(CAFFE)
    assert not is_caffe("alexnet.pth")
    assert not is_caffe(None)
