"""Encoders in, one table out: runs, external encoders and baselines, with labels and without."""

import csv

import numpy as np
import pytest
import rich.console
from PIL import Image

from tfdeepsim.comparison import EvaluationOptions, judge
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.export import export
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.trainer import train

QUIET = rich.console.Console(quiet=True)
ASKED = {"probe_seeds": 1, "probe_epochs": 2}


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


def test_run_and_foreign_encoder_in_one_table(runs, capsys):
    encoders = [str(runs / "vae"), str(runs / "pooled.keras")]
    asked = EvaluationOptions(**ASKED, probes=("mlp", "linear"), card=True, decode=2)
    scores = judge(encoders, {}, asked, runs / "report", command="evaluate.py ...")
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


def test_two_rows_of_one_name_are_refused(runs, tmp_path):
    import shutil

    shutil.copytree(runs / "vae", tmp_path / "vae")
    with pytest.raises(InputError, match="told apart by their names"):
        judge([str(runs / "vae"), str(tmp_path / "vae")], {}, EvaluationOptions(**ASKED))


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


def test_without_labels_there_are_cards_and_no_scores(unlabeled, capsys):
    scores = judge([str(unlabeled / "ae")], {}, EvaluationOptions(**ASKED), unlabeled / "report")
    assert scores == []
    out = capsys.readouterr().out
    assert "has no labels, so there is nothing to probe" in out
    assert "Effective" in out
    assert "supervised left out" in out
    page = (unlabeled / "report" / "report.html").read_text()
    assert "no labels" in page
    assert "data:image/png" in page


def test_a_decoder_takes_steps():
    with pytest.raises(InputError, match="--decode takes a number of steps"):
        EvaluationOptions(decode=-1)


def test_each_encoder_of_a_study_has_probe_seeds_of_its_own():
    asked = EvaluationOptions(probe_seeds=2, fractions=(0.5, 1.0))
    suites = [asked.of_seed(number).suite for number in range(3)]
    assert [(suite.first_seed, suite.seeds) for suite in suites] == [(0, 2), (2, 2), (4, 2)]
    assert [bool(asked.of_seed(number).fractions) for number in range(3)] == [True, False, False]
