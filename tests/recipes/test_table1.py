"""Table 1: what it would train, and that datasets that are not there are said to be missing."""

import dataclasses
import json
import math

import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.recipes import table1, validation_choice
from tfdeepsim.recipes.encoder_variants import parse_gammas, parse_latent_dims
from tfdeepsim.recipes.systems import REPORTED, SYSTEMS


def test_three_datasets_four_encoders():
    configs = table1.configs()
    assert list(configs) == list(REPORTED) == ["llv2", "stl10", "svhn"]
    for name, of_dataset in configs.items():
        assert list(of_dataset) == list(SYSTEMS) == list(REPORTED[name][1])
        assert {config.dataset for config in of_dataset.values()} == {
            {"llv2": "llv2/paper"}.get(name, name)
        }
        assert {(c.epochs, c.batch_size) for c in of_dataset.values()} == {(50, 512)}
    svhn = configs["svhn"]["p-vae"]
    assert (svhn.resize, svhn.image_size, svhn.comparator) == ("tile", 64, "alexnet:relu2")


def test_one_dataset_with_fields_of_its_own():
    fields = {"dataset": "zip:files/stl10_jpeg.zip", "image_size": 96, "epochs": 40}
    configs = table1.configs(fields=fields | {"batch_size": 64})
    assert list(configs) == ["stl10"]
    for config in configs["stl10"].values():
        assert (config.dataset, config.image_size) == ("zip:files/stl10_jpeg.zip", 96)
        assert (config.epochs, config.batch_size) == (40, 64)
    assert list(table1.configs(fields={"dataset": "llv2/small"})) == ["llv2"]
    assert list(table1.configs(fields={"dataset": "tfds:fashion/a"})) == ["tfds:fashion-a"]


def test_a_dataset_that_is_asked_for_is_not_left_out(tmp_path):
    with pytest.raises(InputError, match="must exist"):
        table1.reproduce(str(tmp_path / "runs"), dataset=f"zip:{tmp_path}/none.zip", dry_run=True)


def test_weights_of_imagenet_are_used_where_they_are_given():
    for config in table1.configs(comparator_weights="alexnet.pth")["llv2"].values():
        perceptual = config.loss == "perceptual"
        assert config.comparator == ("alexnet:relu2" if perceptual else None)
        assert config.comparator_weights == ("alexnet.pth" if perceptual else None)


def test_scale_is_a_share_of_the_images_seen():
    from tfdeepsim.data import describe

    full, small = (table1.configs(scale) for scale in (1.0, 0.01))

    def seen(config):
        images = describe(config.dataset).splits["encoder_train"] if "llv2" in config.dataset else 1
        return config.epochs * images

    assert math.isclose(seen(small["llv2"]["ae"]) / seen(full["llv2"]["ae"]), 0.01, rel_tol=0.1)
    assert small["stl10"]["ae"].epochs == 1
    assert table1.configs(0.1)["svhn"]["ae"].epochs == 5


@pytest.mark.parametrize("scale", [0, -1, 0.0001, 2, math.nan])
def test_scale_out_of_range(scale):
    with pytest.raises(InputError, match="--scale is a share of the full size"):
        table1.configs(scale)


@pytest.mark.slow
def test_dry_run_says_what_it_would_cost_and_what_the_paper_has(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(table1, "BATCH_SIZE", 4)  # the trial steps are real
    table1.reproduce(
        str(tmp_path / "runs"), scale=0.001, data_dir=str(tmp_path / "data"), dry_run=True
    )
    out = " ".join(capsys.readouterr().out.split())
    assert "12 runs to train, about" in out
    assert "stl10 is not there, and would be fetched" in out
    for value in ("13.22", "64.8", "81.9"):
        assert value in out
    assert list(tmp_path.iterdir()) == []


def test_several_sizes_and_weights_are_variants_of_the_four_encoders():
    rows = table1.configs(latent_dims=(32, 64), gammas=(0, 0.001, 0.01))["svhn"]
    assert list(rows) == [
        *("ae-z32", "ae", "vae-z32", "vae-z32-gamma0.01", "vae", "vae-gamma0.01"),
        *("p-ae-z32", "p-ae", "p-vae-z32", "p-vae-z32-gamma0.01", "p-vae", "p-vae-gamma0.01"),
    ]
    sizes = {name: (c.model, c.latent_dim, c.loss_weights.get("kl")) for name, c in rows.items()}
    assert sizes["ae-z32"] == ("ae", 32, None)
    assert sizes["vae-z32"] == ("vae", 32, 0.002)
    assert sizes["p-vae-gamma0.01"] == ("vae", 64, 0.02)
    assert rows["vae"] == table1.configs()["svhn"]["vae"]


@pytest.mark.parametrize("text", ["", "x", "32,", "32,nan", "32,32", "0", "1.5", "-1", "inf"])
def test_latent_sizes_that_are_no_list_of_sizes(text):
    with pytest.raises(InputError, match="--latent-dims is a list of numbers"):
        parse_latent_dims(text)


@pytest.mark.parametrize("text", ["", "x", "0,,1", "-0.1", "nan", "0,0.0"])
def test_weights_that_are_no_list_of_weights(text):
    with pytest.raises(InputError, match="--gammas is a list of numbers"):
        parse_gammas(text)


@pytest.fixture
def tiny_table(monkeypatch, tmp_path):
    """A function that reproduces Table 1 on a few frames, and the folder of its runs."""
    rows = {
        "llv2": {
            name: TrainConfig(
                dataset="llv2/12x6-stride5-seed0",
                data_dir=str(tmp_path / "data"),
                steps=1,
                batch_size=4,
                latent_dim=latent_dim,
            )
            for name, latent_dim in (("ae-z2", 2), ("ae-z3", 3))
        }
    }
    monkeypatch.setattr(table1, "configs", lambda *arguments: rows)
    monkeypatch.setattr(table1, "variants", lambda *arguments: {"ae": rows["llv2"]})
    options = EvaluationOptions(probe_seeds=2, probe_epochs=2, probe_patience=2, baselines=())
    monkeypatch.setattr(
        table1, "EvaluationOptions", lambda probes: dataclasses.replace(options, probes=probes)
    )
    folder = tmp_path / "runs"
    return lambda: table1.reproduce(str(folder), seeds=2), folder / "llv2"


def test_choice_by_validation_alone_and_the_test_split_for_the_chosen_one(tiny_table, capsys):
    reproduce, folder = tiny_table
    scores = reproduce()
    names = ("ae-z2", "ae-z3")
    losses = {
        name: min(
            json.loads(path.read_text())["validation_loss"]
            for path in folder.glob(f"{name}-seed*/results/*/mlp-validation.json")
        )
        for name in names
    }
    chosen = min(names, key=losses.get)
    [other] = set(names) - {chosen}
    assert {score.run for score in scores} == {chosen}
    assert {score.probe for score in scores} == {"mlp", "linear"}
    assert len(list(folder.glob(f"{chosen}-seed*/results/*/mlp.json"))) == 2
    assert not list(folder.glob(f"{other}-seed*/results/*/mlp.json"))
    results = [json.loads(path.read_text()) for path in folder.glob("*/results/*/mlp.json")]
    pairs = [
        (probe["validation_loss"], value)
        for result in results
        for probe, value in zip(result["chosen"], result["scores"][0]["values"], strict=True)
    ]
    loss, value = min(pairs)
    assert loss == pytest.approx(losses[chosen], rel=1e-5)
    mean = next(score.value for score in scores if score.metric == "l1")
    out = " ".join(capsys.readouterr().out.split())
    row = f"ae {chosen[-1]} 0 "
    assert row in out
    assert f"{32 * value:.2f} {32 * mean:.2f} 13.22" in out


@pytest.mark.slow
def test_a_second_call_trains_no_probe_again(tiny_table, monkeypatch, capsys):
    reproduce, _ = tiny_table
    first = reproduce()
    monkeypatch.setattr(validation_choice, "fit_probe", None)
    assert reproduce() == first
