"""Evaluation of inversions: of trained runs, and of optimization by the command line."""

import csv
import json
import shutil

import numpy as np
import pytest
import rich.console
from PIL import Image

from tfdeepsim import inversion_evaluation
from tfdeepsim.commands import evaluate
from tfdeepsim.commands.evaluate import EPILOG, make_parser
from tfdeepsim.commands.inversion import INVERSION_FILES
from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.errors import InputError
from tfdeepsim.external.from_config import extractor_of
from tfdeepsim.files import write_json
from tfdeepsim.inversion.features import Features
from tfdeepsim.inversion.optimization_settings import OptimizationSettings
from tfdeepsim.inversion.score import score_inversion
from tfdeepsim.inversion.tv_weight import choose_tv_weight
from tfdeepsim.run import RunDirectory
from tfdeepsim.study import ensure_trained

QUIET = rich.console.Console(quiet=True)
NETWORK = "random_alexnet:pool5"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Options of a dataset of 30 images, coarse colours with fine noise; 6 are test images."""
    folder, generator = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    coarse = generator.integers(0, 192, (30, 4, 4, 3)).repeat(16, axis=1).repeat(16, axis=2)
    images = (coarse + generator.integers(0, 64, coarse.shape)).astype(np.uint8)
    np.savez(folder / "photos.npz", images=images)
    return {
        "dataset": f"npz:{folder / 'photos.npz'}",
        "data_dir": str(folder / "data"),
        "image_size": 64,
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory, photos):
    """Runs that invert two different random networks, and the directory of an autoencoder."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        config = TrainConfig(
            task="inversion", invert=NETWORK, width=0.02, steps=2, batch_size=4, seed=seed, **photos
        )
        ensure_trained(config, RunDirectory(folder / f"seed{seed}"), console=QUIET)
    (folder / "autoencoder").mkdir()
    write_json(folder / "autoencoder" / "config.json", TrainConfig(**photos).to_dict())
    return folder


@pytest.fixture
def other(runs, tmp_path):
    """A copy of the first run, whose files may be changed."""
    shutil.copytree(runs / "seed0", tmp_path / "other")
    return tmp_path / "other"


@pytest.fixture(scope="module")
def targets(photos):
    return inversion_evaluation.chosen_images(
        TrainConfig(**photos), inversion_evaluation.TEST_IMAGES
    )


def changed(path, value, *keys):
    record = json.loads(path.read_text())
    inner = record
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    path.write_text(json.dumps(record))


def read(folder):
    with open(folder / "inversions.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_is_opened_with_the_network_that_it_inverts(runs, targets):
    inversion = inversion_evaluation.open_inversion(RunDirectory(runs / "seed1"))
    assert (inversion.name, inversion.image_shape, inversion.noise_dim) == ("seed1", (64, 64, 3), 0)
    assert inversion.feature_shape == (1, 1, 256)
    found = inversion.reconstruct(targets)
    assert (found.shape, found.dtype) == ((6, 64, 64, 3), np.uint8)


def test_test_images_are_always_the_same(photos, targets):
    few = inversion_evaluation.chosen_images(TrainConfig(**photos), 4)
    np.testing.assert_array_equal(few, inversion_evaluation.chosen_images(TrainConfig(**photos), 4))
    assert targets.shape == (6, 64, 64, 3)
    assert {image.tobytes() for image in few} < {image.tobytes() for image in targets}


def test_a_run_is_scored(runs, targets):
    run = RunDirectory(runs / "seed1")
    score, found = inversion_evaluation.score_run(run, targets, "a method")
    inversion = inversion_evaluation.open_inversion(run)
    np.testing.assert_array_equal(found, inversion.reconstruct(targets))
    assert score == score_inversion(
        targets, found, inversion.features, inverted=NETWORK, method="a method", seed=1
    )
    assert score.images == 6
    assert 0 < score.image_error < 3


def test_runs_are_compared(runs, tmp_path, capsys):
    folder = tmp_path / "report"
    assert (
        evaluate.main([str(runs / "seed0"), str(runs / "seed1"), "--report-dir", str(folder)]) == 0
    )
    out = capsys.readouterr().out
    assert "seed0" in out
    assert "6 test images of npz:" in " ".join(out.split())
    assert sorted(path.name for path in folder.iterdir()) == sorted(INVERSION_FILES)
    first, second = read(folder)
    assert (first["method"], second["method"], second["seed"]) == ("seed0", "seed1", "1")
    assert first["features"] == NETWORK
    assert first["image_error"] != second["image_error"]
    assert "seed1" in (folder / "inversions.md").read_text(encoding="utf-8")
    with Image.open(folder / "inversions.png") as picture:
        shape = np.asarray(picture).shape
    assert shape[0] > 3 * 150  # a row of images, and a row for each run
    again = [str(runs / "seed0"), "--report-dir", str(folder)]
    assert evaluate.main(again) == 2
    assert "which exists; accepted: another folder, or --overwrite" in capsys.readouterr().err
    assert len(read(folder)) == 2
    assert evaluate.main([*again, "--overwrite"]) == 0
    assert len(read(folder)) == 1


def test_images_of_another_dataset_are_resized_to_those_of_the_run(runs, tmp_path, capsys):
    images = np.random.default_rng(1).integers(0, 256, (20, 40, 50, 3), dtype=np.uint8)
    np.savez(tmp_path / "other.npz", images=images)
    data = ["--dataset", f"npz:{tmp_path / 'other.npz'}", "--data-dir", str(tmp_path / "data")]
    assert evaluate.main([str(runs / "seed0"), *data]) == 0
    assert "4 test images of npz:" in " ".join(capsys.readouterr().out.split())


def test_a_network_that_changed_since_training_is_refused(other):
    changed(other / "config.json", 5, "seed")
    with pytest.raises(
        InputError, match=f"belongs to the network .* got {NETWORK} with sha256"
    ) as error:
        inversion_evaluation.open_inversion(RunDirectory(other))
    sha256 = RunDirectory(other).read_environment()["inverted"]["sha256"]
    assert f"the one with sha256 {sha256[:12]}" in str(error.value)


def test_a_run_of_another_task(runs):
    with pytest.raises(
        InputError, match="autoencoder, of --task autoencoder; accepted: runs of --task inv"
    ):
        inversion_evaluation.inversion_config(RunDirectory(runs / "autoencoder"))


def test_a_run_that_was_not_trained(other):
    (other / "best.npz").unlink()
    with pytest.raises(InputError, match=r"best\.npz"):
        inversion_evaluation.open_inversion(RunDirectory(other))


def test_images_of_two_sizes(runs, other):
    changed(other / "environment.json", [32, 32, 3], "dataset", "image_shape")
    with pytest.raises(
        InputError, match=r"one size: got seed0 of \[64, 64, 3\], other of \[32, 32, 3\]"
    ):
        inversion_evaluation.compare_inversions([str(runs / "seed0"), str(other)], {}, None)


def test_two_runs_of_one_name(runs, tmp_path):
    shutil.copytree(runs / "seed0", tmp_path / "seed0")
    with pytest.raises(InputError, match="told apart by their names: got seed0 more than once"):
        inversion_evaluation.compare_inversions(
            [str(runs / "seed0"), str(tmp_path / "seed0")], {}, None
        )


@pytest.fixture
def optimize(photos, tmp_path, capsys, monkeypatch):
    """Invert in three steps by the command line; returns exit code, output and errors."""

    monkeypatch.setenv("COLUMNS", "200")  # so that names in tables are on one line

    def run(*flags, invert="random_alexnet:relu2", folder="report"):
        data = [
            text
            for name, value in photos.items()
            for text in (f"--{name.replace('_', '-')}", str(value))
        ]
        argv = ["--invert", invert, "--by", "optimization", *data, "--opt-steps", "3"]
        code = evaluate.main([*argv, "--report-dir", str(tmp_path / folder), *flags])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_by_optimization(optimize, targets, tmp_path):
    code, out, err = optimize("--tv", "300")
    assert (code, err) == (0, "")
    assert "optimization, momentum" in out
    assert "total variation" not in out
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == sorted(INVERSION_FILES)
    [row] = read(tmp_path / "report")
    assert (row["features"], row["images"]) == ("random_alexnet:relu2", "6")
    config = TrainConfig(task="inversion", invert="random_alexnet:relu2", image_size=64)
    features = Features(extractor_of(config), targets.shape[1:])
    settings = OptimizationSettings(steps=3, tv_weight=300.0)
    found = inversion_evaluation.reconstruct_by_optimization(features, targets, settings, QUIET)
    assert (found.shape, found.dtype) == (targets.shape, np.uint8)
    score = score_inversion(targets, found, features, inverted=str(config.invert), method="test")
    assert float(row["image_error"]) == pytest.approx(score.image_error, rel=1e-6)
    assert float(row["feature_error"]) == pytest.approx(score.feature_error, rel=1e-6)
    # After three steps images are still about grey, and so is the mean image.
    assert 0.3 < score.image_error < 1.0
    assert optimize()[0] == 2  # the report is there


def test_the_weight_of_the_prior_is_chosen_on_validation_images(
    optimize, photos, targets, tmp_path, monkeypatch
):
    choices = []

    def choose(features, images, settings, **options):
        choices.append((images, choose_tv_weight(features, images, settings, **options)))
        return choices[-1][1]

    monkeypatch.setattr(inversion_evaluation, "choose_tv_weight", choose)
    code, out, _ = optimize()
    assert code == 0
    [(images, choice)] = choices
    validation = open_dataset(photos["dataset"], photos["data_dir"], TrainConfig(**photos)).split(
        "encoder_validation"
    )
    of_validation, of_test = (
        {image.tobytes() for image in np.asarray(split)} for split in (validation.images, targets)
    )
    assert {image.tobytes() for image in images} == of_validation
    assert not of_validation & of_test
    for trial in choice.trials:
        assert f"{100 * trial.image_error:.1f}" in out
    assert choice.note in out
    assert choice.note in (tmp_path / "report" / "inversions.md").read_text(encoding="utf-8")
    [row] = read(tmp_path / "report")
    # The same as with this weight from the start.
    assert optimize("--tv", str(choice.weight), folder="again")[0] == 0
    assert read(tmp_path / "again") == [row]
    assert len(choices) == 1


def test_many_validation_images_are_more_than_are_used(monkeypatch, photos):
    monkeypatch.setattr(inversion_evaluation, "VALIDATION_IMAGES", 2)
    images = inversion_evaluation.validation_images(TrainConfig(**photos))
    assert images.shape == (2, 64, 64, 3)


def test_the_alpha_norm_is_part_of_the_loss(optimize, tmp_path):
    for folder, weight in (("without", "0"), ("with", "1e4")):
        assert optimize("--tv", "0", "--alpha-norm", weight, folder=folder)[0] == 0
    [without], [with_it] = (read(tmp_path / folder) for folder in ("without", "with"))
    assert float(with_it["gradient_ratio"]) < float(without["gradient_ratio"])


def test_by_lbfgs_with_seed_and_prior(optimize, tmp_path):
    code, out, _ = optimize("--method", "lbfgs", "--seed", "3", "--tv", "0", "--opt-steps", "1")
    assert code == 0
    assert "optimization, lbfgs" in out
    [row] = read(tmp_path / "report")
    assert row["seed"] == "3"


ALL = ("--invert", NETWORK, "--by", "optimization")
TRAINING = "is not for an inversion by optimization: got"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--by", "optimization"], "--invert and --by belong together: got no --invert"),
        (["--invert", NETWORK], "--invert and --by belong together: got no --by"),
        (["--invert", NETWORK, "--by", "magic"], "unknown --by: got magic; accepted: optimization"),
        ([*ALL, "--epochs", "3"], f"--epochs {TRAINING} --epochs"),
        ([*ALL, "--lambda-img", "3"], f"--lambda-img {TRAINING}"),
        ([*ALL, "--noise-dim", "3"], f"--noise-dim {TRAINING}"),
        ([*ALL, "--compare", "pixel,l1"], f"--compare {TRAINING}"),
        ([*ALL, "--dry-run"], f"--dry-run {TRAINING}"),
        ([*ALL, "run"], "--by optimization takes no run: got run"),
        ([*ALL, "--method", "magic"], "--method is unknown: got magic; accepted: momentum, lbfgs"),
        (
            [*ALL, "--method", "lbfgs", "--jitter", "2"],
            "--method lbfgs needs the same loss at every step",
        ),
        ([*ALL, "--opt-steps", "0"], "--opt-steps is out of range: got 0"),
        ([*ALL, "--tv", "-1"], "--tv is out of range: got -1.0"),
        ([*ALL, "--alpha-norm", "-1"], "--alpha-norm is out of range: got -1.0"),
        ([*ALL, "--jitter", "-1"], "--jitter is out of range: got -1"),
        ([*ALL, "--seed", "-1"], "--seed is out of range: got -1"),
        ([*ALL, "--external-range", "0-255"], "--external-range is for external networks"),
        ([*ALL, "--invert-weights", "none.pth"], "none.pth"),
        (
            [*ALL, "--probes", "linear"],
            "--probes is for embeddings: got an inversion, which has none",
        ),
        ([*ALL, "--decode", "100"], "--decode is for embeddings"),
        ([*ALL, "--card"], "--card is for embeddings"),
        (["--invert", "nowhere", "--by", "optimization"], "'nowhere', which does not exist"),
        (["--invert", "random_alexnet:relu9", "--by", "optimization"], "relu9"),
        (
            ["run", "--method", "lbfgs"],
            "--method belongs to an inversion by optimization: got no --by",
        ),
        (["run", "--alpha-norm", "1"], "--alpha-norm belongs to an inversion by optimization"),
        (
            ["--compare", "pixel,l1", "--run-dir", "study", "--tv", "1"],
            "--tv belongs to an inversion by opt",
        ),
        (
            ["--compare", "pixel,l1", "--run-dir", "s", "--task", "inversion", "--invert", NETWORK],
            "--compare trains autoencoders: got --task inversion",
        ),
    ],
)
def test_flags_that_do_not_fit(photos, tmp_path, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(tmp_path)
    data = ["--dataset", photos["dataset"], "--data-dir", photos["data_dir"], "--image-size", "64"]
    refused(capsys, message, *data, *argv)
    assert not list(tmp_path.iterdir())


def refused(capsys, message, *argv):
    assert evaluate.main(list(argv)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith("error: ")
    assert message in captured.err


@pytest.mark.parametrize("names", [("seed0", "autoencoder"), ("autoencoder", "seed0")])
def test_inversions_beside_an_autoencoder(runs, capsys, names):
    message = "inversions are compared with inversions: got"
    refused(capsys, message, *(str(runs / name) for name in names))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--epochs", "3"], "--epochs belongs to training"),
        (["--probes", "linear,knn"], "--probes is for embeddings"),
        (["--baselines", "none"], "--baselines is for embeddings"),
        (["--dataset", "mnist"], "mnist"),
    ],
)
def test_flags_that_do_not_fit_runs_of_inversions(runs, capsys, flags, message):
    refused(capsys, message, str(runs / "seed0"), *flags)


@pytest.mark.parametrize("name", INVERSION_FILES)
def test_a_folder_that_holds_a_report(optimize, runs, tmp_path, capsys, name):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / name).write_text("mine")
    code, out, err = optimize()
    assert (code, out) == (2, "")
    assert f"{name}, which exists; accepted: another folder, or --overwrite" in err
    refused(capsys, name, str(runs / "seed0"), "--report-dir", str(tmp_path / "report"))
    assert [path.read_text() for path in (tmp_path / "report").iterdir()] == ["mine"]


def test_files_of_others_are_no_hindrance(runs, tmp_path):
    (tmp_path / "report.html").touch()
    assert evaluate.main([str(runs / "seed0"), "--report-dir", str(tmp_path)]) == 0
    assert (tmp_path / "report.html").read_text() == ""


def test_help_says_the_defaults_of_the_optimization():
    text = " ".join(make_parser().format_help().split())
    settings = OptimizationSettings()
    for words in (
        f"{settings.method})",
        f"of L-BFGS-B the maximum (default: {settings.steps})",
        "relative error of the features (default: chosen on validation images)",
        f"half black and half white (default: {settings.alpha_norm_weight:g})",
        f"only for momentum (default: {settings.jitter})",
    ):
        assert words in text
    assert "--by optimization \\\n      --dataset" in EPILOG
