"""The recipes of inversions at a tiny size, to the end."""

import csv
import functools
import importlib
import re
import types

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.commands import train as train_command
from tfdeepsim.comparators import make_comparator
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.optimization_settings import OptimizationSettings
from tfdeepsim.recipes import (
    inversion_runs,
    table8,
    trained_comparators,
)
from tfdeepsim.recipes.inversion_runs import LAYERS
from tfdeepsim.run import RunDirectory

HALF = 0.5
SMALL = {"image_size": 64, "width": 0.02, "batch_size": 4}
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


def recipe(name):
    return importlib.import_module(f"tfdeepsim.recipes.{name}")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """30 images of four classes: coarse squares of colour under fine noise."""
    folder, generator = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    coarse = generator.integers(0, 192, (30, 4, 4, 3)).repeat(16, axis=1).repeat(16, axis=2)
    images = (coarse + generator.integers(0, 64, coarse.shape)).astype(np.uint8)
    labels = np.array(["ape", "bee", "cat", "dog"])[np.arange(30) % 4]
    np.savez(folder / "photos.npz", images=images, labels=labels)
    return f"npz:{folder / 'photos.npz'}"


@pytest.fixture(scope="module")
def tiny_recipes():
    """Recipes of two steps a run, at the scale of a half."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inversion_runs, "STEPS", 4)
        patch.setattr(inversion_runs, "SMALL", SMALL)
        patch.setattr(trained_comparators, "ALEXNET_EPOCHS", 1)
        patch.setattr(trained_comparators, "VIDEOS", "llv2/10x8-stride5-seed0")
        patch.setattr(trained_comparators, "VIDEO_EPOCHS", 1)
        patch.setattr(
            trained_comparators,
            "TrainConfig",
            lambda **flags: TrainConfig(**flags | {"batch_size": 4}),
        )
        patch.setattr(table8, "SEEDS", 2)
        quick = functools.partial(OptimizationSettings, steps=2)
        patch.setattr(table8, "OptimizationSettings", quick)
        for name, value in (("UNITS", 2), ("STARTS", 2), ("STEPS", 2)):
            patch.setattr(recipe("preferred_inputs"), name, value)
        yield patch


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return str(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def one_layer(tiny_recipes):
    """Table 8 of relu6 alone, and of two ablations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table8, "LAYERS", {"fc6": "relu6"})
        patch.setattr(table8, "ABLATIONS", {"deepsim": "DeePSiM", "pixel": "pixel alone"})
        yield


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory, photos, data_dir, one_layer):
    """The folder of a tiny table 8, with an AlexNet that was trained for it."""
    folder = tmp_path_factory.mktemp("inversions")
    table8.reproduce(str(folder), HALF, photos, data_dir)
    return folder


def file_times(folder):
    """Times of the files that a report does not replace."""
    return {path: path.stat().st_mtime_ns for path in sorted(folder.glob("*-*/**/*"))} | {
        path: path.stat().st_mtime_ns for path in (folder / "alexnet").rglob("*")
    }


def width_of(path):
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image).shape[1]


def no_more(*arguments, **options):
    pytest.fail("a finished run is trained again, or cached images are optimized again")


@pytest.fixture
def finished(monkeypatch):
    """Fails if anything is trained, or an image is optimized."""
    monkeypatch.setattr("tfdeepsim.training.trainer.train", no_more)
    monkeypatch.setattr(table8, "chosen_tv_weight", no_more)
    monkeypatch.setattr(table8, "reconstruct_by_optimization", no_more)


@pytest.mark.slow
def test_a_tiny_table_8(reproduced):
    cache = next(reproduced.glob("relu6-optimization-*.npz"))
    assert {path.name for path in reproduced.glob("[!.]*")} == {
        *("alexnet", "inversions.csv", "inversions.md", "layers.png", "ablations.png"),
        *(f"relu6-{system}-seed{seed}" for system in ("deepsim", "pixel") for seed in (0, 1)),
        cache.name,
    }
    with open(reproduced / "inversions.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["method"], row["seed"]) for row in rows] == [
        *(("DeePSiM", "0"), ("DeePSiM", "1"), ("pixel loss", "0"), ("pixel loss", "1")),
        ("optimization", "0"),
    ]
    assert {(row["features"], row["images"]) for row in rows} == {("alexnet:relu6", "6")}
    assert len({row["image_error"] for row in rows}) == 5
    text = (reproduced / "inversions.md").read_text(encoding="utf-8")
    assert text.count("±") == 2 * 4
    for reported in ("55 / 48", "46 / 79", "51 / –", "80 / 19"):
        assert reported in text
    for name in ("layers.png", "ablations.png"):
        assert width_of(reproduced / name) > 1000
    with np.load(cache) as file:
        weights, *errors = file["trials"].T
    assert tuple(weights) == table8.TV_WEIGHTS
    chosen = weights[np.argmin(np.sum(errors, 0))]
    assert re.search(
        rf"total variation of the optimization: relu6 {chosen:g}; chosen on \d+ va", text
    )


@pytest.mark.parametrize("change", ["nothing", "network", "settings", "grid", "validation", "test"])
def test_optimized_images_are_cached_by_everything_that_determines_them(monkeypatch, change):
    def digest():
        return table8._digest(features, settings, validation, targets)

    validation, targets = np.zeros((2, 4, 4, 3), np.uint8), np.ones((3, 4, 4, 3), np.uint8)
    features = types.SimpleNamespace(extractor=types.SimpleNamespace(sha256="one"))
    settings = OptimizationSettings()
    before = digest()
    if change == "network":
        features.extractor.sha256 = "other"
    elif change == "settings":
        settings = OptimizationSettings(alpha_norm_weight=1.0)
    elif change == "grid":
        monkeypatch.setattr(table8, "TV_WEIGHTS", (1.0, 2.0))
    elif change == "validation":
        validation[0, 0, 0, 0] = 1
    elif change == "test":
        targets[0, 0, 0, 0] = 0
    assert (digest() == before) == (change == "nothing")


@pytest.mark.slow
def test_runs_invert_the_network_that_was_trained(reproduced):
    record = RunDirectory(reproduced / "relu6-deepsim-seed1").read_environment()
    for what, layer in (("inverted", "relu6"), ("comparator", "pool5")):
        trained = make_comparator(f"alexnet:{layer}", reproduced / "alexnet")
        assert record[what]["sha256"] == trained.sha256
        assert trained.sha256 != make_comparator("random_alexnet:relu6").sha256


@pytest.mark.slow
def test_a_second_call_trains_nothing_and_uses_the_cached_images_of_the_optimization(
    reproduced, photos, data_dir, finished, capsys
):
    before, table = file_times(reproduced), (reproduced / "inversions.csv").read_bytes()
    assert len(before) > 20
    table8.reproduce(str(reproduced), HALF, photos, data_dir)
    assert file_times(reproduced) == before
    assert (reproduced / "inversions.csv").read_bytes() == table
    assert capsys.readouterr().out.count("finished already") == 5


@pytest.mark.slow
def test_another_recipe_uses_its_runs(reproduced, photos, data_dir, finished, capsys):
    recipe("preferred_inputs").reproduce(
        str(reproduced), scale=HALF, dataset=photos, data_dir=data_dir
    )
    out = capsys.readouterr().out
    assert "ape" in out
    assert "bee" in out
    assert "cat" not in out  # two units
    assert width_of(reproduced / "preferred_inputs.png") > 400


@pytest.mark.slow
def test_units_of_an_external_network_have_numbers(reproduced, photos, data_dir, finished, capsys):
    """Its classes differ from those of the images, whose names would be wrong."""
    run = RunDirectory(reproduced / "relu6-deepsim-seed0")
    record = run.read_environment()
    try:
        run.environment.write_text(run.environment.read_text().replace('"ape",', ""))
        recipe("preferred_inputs").reproduce(
            str(reproduced), scale=HALF, dataset=photos, data_dir=data_dir
        )
    finally:
        from tfdeepsim.files import write_json

        write_json(run.environment, record)
    out = capsys.readouterr().out
    assert "unit 0" in out
    assert "bee" not in out


@pytest.mark.slow
def test_other_steps_are_another_folder(reproduced, photos, data_dir, one_layer):
    with pytest.raises(
        InputError, match=r"continues only its own runs: got .* trained with steps 2, not"
    ):
        table8.reproduce(str(reproduced), 0.75, photos, data_dir)


def test_a_dry_run_without_a_trained_network(tmp_path, photos, data_dir, one_layer, capsys):
    argv = ["--recipe", "table8", "--dataset", photos, "--data-dir", data_dir, "--scale", str(HALF)]
    assert train_command.main([*argv, "--run-dir", str(tmp_path / "runs"), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "AlexNet, from the labels" in out
    assert out.count("its cost is known when") == 2
    assert "and the same with 2 seeds in all" in out
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_dry_run_with_a_trained_network(
    reproduced, tmp_path, photos, data_dir, one_layer, monkeypatch, capsys
):
    monkeypatch.setattr("tfdeepsim.training.trainer._fit", no_more)
    weights = str(reproduced / "alexnet")
    table8.reproduce(str(tmp_path / "runs"), HALF, photos, data_dir, weights, dry_run=True)
    out = capsys.readouterr().out
    assert "AlexNet, from the labels" not in out
    assert "its cost is known when" not in out
    assert "relu6-deepsim-seed0" in out
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_all_recipes_in_one_folder(tmp_path, reproduced, photos, data_dir, monkeypatch, capsys):
    for name, value in (("LAYERS", LAYERS), ("ABLATIONS", ABLATIONS), ("SEEDS", 1)):
        monkeypatch.setattr(table8, name, value)
    options = {
        "scale": HALF,
        "dataset": photos,
        "data_dir": data_dir,
        "comparator_weights": str(reproduced / "alexnet"),
    }
    folder = tmp_path / "runs"
    table8.reproduce(str(folder), **options)
    for name in FIGURES:
        recipe(name).reproduce(str(folder), **options)
    for name in (
        "inversions.csv",
        "inversions.md",
        "layers.png",
        "ablations.png",
        *sum(FIGURES.values(), ()),
    ):
        assert (folder / name).stat().st_size > 100, name
    assert not (folder / "alexnet").exists()
    text = (folder / "inversions.md").read_text(encoding="utf-8")
    reported = (*table8.REPORTED.values(), table8.REPORTED_EARLIER)
    assert all(value in text for values in reported for value in values if value is not None)
    trained = {path.name for path in folder.iterdir() if path.is_dir()} - {
        "videonet",
        "comparators",
    }
    expected = {*table8.rows(), *(run for name in FIGURES for run in recipe(name).RUNS)}
    assert trained == {f"{layer}-{system}-seed0" for layer, system in expected}
    capsys.readouterr()
    monkeypatch.setattr("tfdeepsim.training.trainer.train", no_more)
    monkeypatch.setattr(table8, "chosen_tv_weight", no_more)
    monkeypatch.setattr(table8, "reconstruct_by_optimization", no_more)
    before = file_times(folder)
    for name in FIGURES:
        recipe(name).reproduce(str(folder), **options)
    assert file_times(folder) == before
