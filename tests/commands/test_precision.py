"""`--precision auto`: runs record what was chosen, and keep it."""

import json

import numpy as np
import pytest

from tfdeepsim.commands import evaluate, train
from tfdeepsim.commands.precision import take_auto, warn_of_slow_precision
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.training import fastest_precision as module

SMALL = ["--network", "dosovitskiy", "--width", "0.1", "--batch-size", "4", "--image-size", "32"]


@pytest.fixture
def chosen(monkeypatch):
    """A machine that is faster in bfloat16."""
    monkeypatch.setattr(module, "fastest_precision", lambda: ("mixed_bfloat16", "it is faster"))


@pytest.fixture
def dataset(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "noise.npz", images=images, labels=np.arange(60) % 2)
    return ["--dataset", f"npz:{tmp_path / 'noise.npz'}", "--data-dir", str(tmp_path / "data")]


def recorded(run):
    return json.loads((run / "config.json").read_text())["precision"]


def test_a_run_records_and_keeps_it(tmp_path, dataset, chosen, monkeypatch, capsys):
    run = tmp_path / "run"
    arguments = [*dataset, *SMALL, "--steps", "1", "--precision", "auto", "--run-dir", str(run)]
    assert train.main(arguments) == 0
    assert "precision mixed_bfloat16: it is faster" in capsys.readouterr().out
    assert recorded(run) == "mixed_bfloat16"
    # Another machine that resumes it chooses nothing.
    monkeypatch.delattr(module, "fastest_precision")
    more = ["--resume", "--run-dir", str(run), "--steps", "2", "--precision", "auto"]
    assert train.main(more) == 0
    assert recorded(run) == "mixed_bfloat16"


def test_all_runs_of_a_comparison_have_the_same(tmp_path, dataset, chosen, monkeypatch):
    configs = []
    monkeypatch.setattr(
        "tfdeepsim.comparison.compare_losses",
        lambda study, *_, **__: configs.extend(study.configs.values()),
    )
    arguments = ["--compare", "pixel,l1", *dataset, *SMALL, "--precision", "auto"]
    assert evaluate.main([*arguments, "--run-dir", str(tmp_path / "runs")]) == 0
    assert [config.precision for config in configs] == ["mixed_bfloat16"] * 2


def given_to_quickstart(monkeypatch, *arguments):
    given = {}

    def reproduce(run_dir="runs/quickstart", **flags):
        given.update(flags)

    monkeypatch.setattr("tfdeepsim.recipes.quickstart.reproduce", reproduce)
    assert train.main(["--recipe", "quickstart", *arguments]) == 0
    return given


def test_a_recipe_is_given_it(tmp_path, chosen, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = given_to_quickstart(monkeypatch, "--precision", "auto")
    assert given == {"precision": "mixed_bfloat16"}


@pytest.mark.parametrize("parent", [".", "llv2"])
def test_runs_that_have_begun_decide_for_the_others(tmp_path, parent, chosen, monkeypatch, capsys):
    config = tmp_path / "runs" / "quickstart" / parent / "ae-seed0" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps(TrainConfig(precision="mixed_float16").to_dict()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr(module, "fastest_precision")
    expected = {"precision": "mixed_float16"}
    assert given_to_quickstart(monkeypatch, "--precision", "auto") == expected
    monkeypatch.chdir("/")
    folder = ["--run-dir", str(tmp_path / "runs" / "quickstart")]
    assert given_to_quickstart(monkeypatch, "--precision", "auto", *folder) == expected
    assert "precision mixed_float16: of the runs in" in capsys.readouterr().out


def test_recipes_and_comparisons_warn_too(tmp_path, dataset, monkeypatch, capsys):
    monkeypatch.setattr(module, "bfloat16_gain", lambda: 0.2)
    slow = ["--precision", "mixed_bfloat16"]
    given_to_quickstart(monkeypatch, *slow)
    assert "5.0 times as long" in capsys.readouterr().err
    monkeypatch.setattr("tfdeepsim.comparison.compare_losses", lambda *_, **__: None)
    arguments = ["--compare", "pixel,l1", *dataset, *SMALL, *slow, "--run-dir", str(tmp_path)]
    assert evaluate.main(arguments) == 0
    assert "5.0 times as long" in capsys.readouterr().err


def test_workers_are_told_to_name_one():
    assert not take_auto({"precision": "float32", "strategy": "multiworker"})
    with pytest.raises(InputError, match="--precision auto; accepted: float32, mixed_bfloat16"):
        take_auto({"precision": "auto", "strategy": "multiworker"})


@pytest.mark.parametrize(("gain", "warns"), [(0.2, True), (0.95, False), (1.5, False)])
def test_bfloat16_where_it_is_slower(monkeypatch, capsys, gain, warns):
    monkeypatch.setattr(module, "bfloat16_gain", lambda: gain)
    warn_of_slow_precision("mixed_bfloat16")
    expected = "warning: bfloat16 takes 5.0 times as long as float32 on this processor\n"
    assert capsys.readouterr().err == (expected if warns else "")
    warn_of_slow_precision("float32")
    warn_of_slow_precision(None)
    warn_of_slow_precision("mixed_bfloat16", "multiworker")
    assert capsys.readouterr().err == ""


def test_it_is_the_name_of_no_policy():
    with pytest.raises(InputError, match="precision"):
        TrainConfig(precision="auto")
