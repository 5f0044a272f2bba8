"""Fully connected layers of AlexNet that a recipe trains."""

import numpy as np
import pytest

from tfdeepsim.commands import train
from tfdeepsim.recipes import FLAGS, figure4, trained_comparators
from tfdeepsim.recipes.inversion_runs import InversionRuns
from tfdeepsim.recipes.trained_comparators import has_classes

WORDS = {
    "frozen": "fc6, fc7 and fc8 of AlexNet are trained",
    "finetuned": "AlexNet starts from ImageNet's convolutions and is trained",
    "random": "AlexNet is trained",
}


@pytest.fixture
def configs(monkeypatch):
    """Configs of the comparators that were to be trained."""
    found = []

    def keep(config, run, **options):
        found.append(config)

    monkeypatch.setattr(trained_comparators, "ensure_trained", keep)
    return found


def photos(folder, **labels):
    images = np.zeros((20, 64, 64, 3), np.uint8)
    np.savez(folder / "photos.npz", images=images, **labels)
    return f"npz:{folder / 'photos.npz'}"


@pytest.mark.parametrize("convolutions", [None, *WORDS])
def test_the_flag_reaches_the_training_and_the_departures(convolutions, configs, tmp_path, capsys):
    given = {} if convolutions is None else {"convolutions": convolutions}
    inversions = InversionRuns(str(tmp_path), 0.001, "zip:photos.zip", **given)
    inversions.train_alexnet()
    inversions.print_departures([("relu6", "deepsim")])
    [config] = configs
    assert config.convolutions == (convolutions or "frozen")
    out = " ".join(capsys.readouterr().out.split())
    assert f"departs from the paper: {WORDS[config.convolutions]} on the labels of" in out


def test_which_datasets_have_classes(tmp_path):
    assert has_classes(photos(tmp_path, labels=np.arange(20) % 2), None, 64)
    (tmp_path / "without").mkdir()
    assert not has_classes(photos(tmp_path / "without"), None, 64)


def test_figure4_leaves_fc6_out_without_classes(configs, tmp_path, monkeypatch, capsys):
    rows = []
    monkeypatch.setattr(figure4, "ensure_trained", lambda config, run, **_: rows.append(run.name))
    for labels in ({}, {"labels": np.arange(20) % 2}):
        folder = tmp_path / f"with{'' if labels else 'out'}"
        folder.mkdir()
        figure4.reproduce(str(folder), 0.001, photos(folder, **labels), dry_run=True)
    assert [config.comparator for config in configs] == ["videonet", "alexnet", "videonet"]
    # The networks were not trained, so the rows that need them have no cost yet.
    assert rows == 2 * ["se", "alexnet-conv5"]
    out = capsys.readouterr().out
    assert out.count("AlexNet fc6 is left out") == 1
    assert out.count("its cost is known when its comparator is trained") == 2 + 3


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ("--recipe", "table8", "--convolutions", "random", "--comparator-weights", "a.pth"),
            "--convolutions is for the AlexNet that a recipe trains: got --comparator-weights",
        ),
        (("--recipe", "table4", "--convolutions", "random"), "a recipe sets all other flags"),
        (("--recipe", "figure4", "--convolutions", "none"), "unknown --convolutions"),
    ],
)
def test_bad_input_is_one_line(flags, message, tmp_path, capsys):
    assert train.main([*flags, "--run-dir", str(tmp_path / "runs")]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_recipes_that_need_them():
    assert "convolutions" in FLAGS["figure4"]
    assert "convolutions" in FLAGS["table8"]
