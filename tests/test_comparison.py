"""Comparisons: runs, external encoders and baselines in one table, with labels and without."""

import csv
import shutil

import numpy as np
import pytest
import rich.console
from PIL import Image

from tfdeepsim.comparison import compare_encoders, compare_losses
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.export import export
from tfdeepsim.run import RunDirectory
from tfdeepsim.study import Study
from tfdeepsim.training.trainer import train

QUIET = rich.console.Console(quiet=True)
QUICK = {"probe_seeds": 1, "probe_epochs": 2}


def finish(path, **flags):
    run = RunDirectory(path)
    train(TrainConfig(**flags, latent_dim=4, epochs=1), run, console=QUIET)
    export(run)
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny):
    """A VAE and an external Keras network on the tiny LLv2."""
    import keras

    name, data_dir = tiny
    folder = tmp_path_factory.mktemp("runs")
    finish(folder / "vae", dataset=name, data_dir=str(data_dir), model="vae", batch_size=4)
    images = keras.Input((64, 64, 3))
    pooled = keras.layers.Flatten()(keras.layers.AveragePooling2D(16)(images))
    keras.Model(images, pooled).save(folder / "pooled.keras")
    return folder


def test_a_run_and_an_external_encoder_in_one_table(runs, capsys):
    encoders = [str(runs / "vae"), str(runs / "pooled.keras")]
    options = EvaluationOptions(**QUICK, probes=("mlp", "linear"), card=True, decode=2)
    scores = compare_encoders(encoders, {}, options, runs / "report", command="evaluate.py ...")
    rows = dict.fromkeys((score.run, score.model) for score in scores)
    assert list(rows) == [
        ("vae", "vae"),
        ("pooled.keras", "external"),
        ("pca", "pca"),
        ("random_encoder", "random_encoder"),
        ("supervised", "supervised"),
    ]
    out = capsys.readouterr().out
    assert "comparator_features left out" in out
    for word in ("VAE", "pooled.keras", "PCA of pixels", "Chance", "Effective", "KL"):
        assert word in out, word
    with open(runs / "report" / "results.csv") as file:
        assert len(list(csv.DictReader(file))) == len(scores)
    page = (runs / "report" / "report.html").read_text()
    assert "pooled.keras" in page
    assert "What each embedding kept" in page
    assert "Maps of the embeddings" in page
    assert (runs / "report" / "figures" / "maps.png").is_file()


def test_external_embeddings_of_earlier_versions_are_reused(runs, tmp_path, capsys):
    shutil.copytree(runs / "vae", tmp_path / "vae")
    shutil.copy(runs / "pooled.keras", tmp_path)
    encoders = [str(tmp_path / name) for name in ("vae", "pooled.keras")]
    options = EvaluationOptions(**QUICK, probes=("linear",), baselines=())
    compare_encoders(encoders, {}, options)
    (tmp_path / "external").rename(tmp_path / "foreign")
    capsys.readouterr()
    compare_encoders(encoders, {}, options)
    assert "pooled.keras: linear probes are scored already" in capsys.readouterr().out
    assert not (tmp_path / "external").exists()


def test_two_rows_of_one_name_are_refused(runs, tmp_path):
    shutil.copytree(runs / "vae", tmp_path / "vae")
    with pytest.raises(InputError, match="told apart by their names"):
        compare_encoders([str(runs / "vae"), str(tmp_path / "vae")], {}, EvaluationOptions(**QUICK))


@pytest.fixture(scope="module")
def unlabeled(tmp_path_factory):
    """A run on a flat folder of photographs."""
    folder, generator = tmp_path_factory.mktemp("flat"), np.random.default_rng(0)
    (folder / "photos").mkdir()
    for number in range(40):
        pixels = generator.integers(0, 256, (30, 40, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{number}.png")
    finish(
        folder / "ae",
        dataset=f"folder:{folder / 'photos'}",
        data_dir=str(folder / "data"),
        batch_size=4,
    )
    return folder


def test_a_dataset_without_labels_has_cards_and_no_scores(unlabeled, capsys):
    scores = compare_encoders(
        [str(unlabeled / "ae")], {}, EvaluationOptions(**QUICK), unlabeled / "report"
    )
    assert scores == []
    out = capsys.readouterr().out
    assert "has no labels, so there is nothing to probe" in out
    assert "Effective" in out
    assert "supervised left out" in out
    page = (unlabeled / "report" / "report.html").read_text()
    assert "no labels" in page
    assert "data:image/png" in page


@pytest.mark.slow
def test_a_report_of_losses_is_replaced_unless_that_is_refused(tiny, tmp_path, capsys):
    name, data_dir = tiny
    fields = {"dataset": name, "data_dir": str(data_dir), "latent_dim": 4, "batch_size": 4}
    configs = {loss: TrainConfig(loss=loss, **fields, epochs=1) for loss in ("pixel", "l1")}
    study, options = Study(tmp_path / "runs", configs, seeds=1), EvaluationOptions(**QUICK)
    report = tmp_path / "report" / "report.html"
    report.parent.mkdir()
    report.write_text("mine")
    with pytest.raises(InputError, match="which exists; accepted: another folder, or --overwrite"):
        compare_losses(study, options, report.parent, overwrite=False)
    assert not study.folder.exists()
    assert compare_losses(study, options, report.parent, dry_run=True) == []
    assert report.read_text() == "mine"


def test_a_decoder_takes_steps():
    with pytest.raises(InputError, match="--decode takes a number of steps"):
        EvaluationOptions(decode=-1)


def test_each_encoder_of_a_study_has_probe_seeds_of_its_own():
    options = EvaluationOptions(probe_seeds=2, label_fractions=(0.5, 1.0))
    suites = [options.of_seed(number).suite for number in range(3)]
    assert [(suite.first_seed, suite.seeds) for suite in suites] == [(0, 2), (2, 2), (4, 2)]
    assert [bool(options.of_seed(number).label_fractions) for number in range(3)] == [
        True,
        False,
        False,
    ]
