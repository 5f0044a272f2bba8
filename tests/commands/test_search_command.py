"""The search of probes on a run directory, in real processes; and bad input."""

import csv
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tfdeepsim.commands import search
from tfdeepsim.config import TrainConfig
from tfdeepsim.files import slug, write_json
from tfdeepsim.probes import PROBE_SETTINGS
from tfdeepsim.probes.mlp.suite import MlpSuite
from tfdeepsim.probes.result import ProbeResult
from tfdeepsim.run import RunDirectory
from tfdeepsim.tuning.cluster import HOST, ID, PORT

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
FLAGS = ["--trials", "6", "--epochs", "3", "--patience", "2"]


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in (ID, HOST, PORT):
        monkeypatch.delenv(name, raising=False)


def make_images(path, labeled=True):
    """Two classes that differ in brightness, as an archive."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 2
    images = rng.integers(0, 128, size=(90, 16, 16, 3)) + 60 * labels[:, None, None, None]
    np.savez(path, images=images.astype(np.uint8), **({"labels": labels} if labeled else {}))
    return f"npz:{path}"


def make_run(path, dataset):
    """A run whose encoder gives the mean colours of the four quarters of an image, and whose
    comparator saw the labels."""
    import tensorflow as tf

    class Encoder(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 16, 16, 3), tf.uint8)])
        def embed(self, images):
            quarters = tf.reshape(tf.cast(images, tf.float32) / 255, (-1, 2, 8, 2, 8, 3))
            return tf.reshape(tf.reduce_mean(quarters, axis=(2, 4)), (-1, 12))

    run = RunDirectory(path)
    run.create()
    write_json(
        run.config,
        TrainConfig(
            dataset=dataset,
            data_dir=str(path.parent / "data"),
            image_size=16,
            loss="perceptual",
            comparator="alexnet:conv1",
        ).to_dict(),
    )
    saw = {"saw_labels": f"ImageNet-1k and {dataset}"}
    write_json(run.environment, {"dataset": {"image_shape": [16, 16, 3]}, "comparator": saw})
    tf.saved_model.save(Encoder(), str(run.encoder))
    return run


def start(run, *flags):
    return subprocess.Popen(
        [sys.executable, "-m", "tuning.search", str(run.path), *FLAGS, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )


def _trials(directory):
    try:
        with open(directory / "trials.csv") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A run whose search was interrupted when a trial had ended, and resumed."""
    folder = tmp_path_factory.mktemp("search")
    run = make_run(folder / "run", make_images(folder / "images.npz"))
    directory = run.path / "search" / slug(f"npz:{folder / 'images.npz'}")
    process = start(run, "--overwrite")
    while process.poll() is None and not _trials(directory):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    first = process.returncode, out, err, _trials(directory)
    second = start(run)
    out, err = second.communicate(timeout=240)
    assert second.returncode == 0, err
    return run, directory, first, (out, err)


def test_interrupt_says_how_to_resume(searched):
    run, _, (code, _, err, _), (out, _) = searched
    assert code == 130
    assert err.strip() == (
        "interrupted; trials that ended are kept; resume with: "
        f"python -m tuning.search {run.path} {' '.join(FLAGS)}"
    )
    assert "trials are kept" in out


def test_trials_that_ended_before_the_interrupt_are_kept_and_none_failed(searched):
    _, directory, (*_, before), _ = searched
    after = _trials(directory)
    assert 0 < len(before) < len(after) == 6
    kept = {row["trial"]: row for row in after}
    for row in before:
        # A trial that ran when the keys were pressed begins again.
        assert row["status"] == "running" or kept[row["trial"]] == row
    assert {row["status"] for row in after} == {"completed"}


def test_output(searched):
    _, directory, _, (out, err) = searched
    assert err == ""
    for words in (
        "at most 6 trials of at most 3 epochs",
        "Searched",
        "Fixed suite",
        "Chance",
        str(directory.name),
    ):
        assert words in out
    assert "They leak into the embedding." in " ".join(out.split())


def test_search_stands_beside_the_fixed_suite(searched):
    from tfdeepsim.probes.result import read_result

    run, directory, *_ = searched
    folder = run.results / directory.name
    result, suite = read_result(folder, "search"), read_result(folder, "mlp")
    assert (
        [score.metric for score in result.scores]
        == [score.metric for score in suite.scores]
        == ["accuracy"]
    )
    assert [score.chance for score in result.scores] == [score.chance for score in suite.scores]
    assert {score.run for score in result.scores} == {"run"}
    np.testing.assert_array_equal(result.targets, suite.targets)
    losses = [float(row["validation_loss"]) for row in _trials(directory)]
    assert result.chosen[0]["validation_loss"] == min(losses)
    assert len(losses) == 6


def test_a_complete_search_is_read_and_another_search_is_refused(searched, capsys):
    run, directory, *_ = searched
    assert search.main([str(run.path), *FLAGS]) == 0
    assert "this search is complete" in capsys.readouterr().out
    assert search.main([str(run.path), *FLAGS, "--seed", "1"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(
        f"error: a search directory can only resume its own search: got {directory}"
    )
    assert len(err.splitlines()) == 1


def fails(capsys, *argv):
    try:
        code = search.main([str(argument) for argument in argv])
    except SystemExit as stop:  # argparse's own checks
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1, captured.err
    return captured.err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--trials", "0"], "--trials is out of range: got 0"),
        (["--epochs", "many"], "invalid int value"),
        (
            ["--tuner", "psychic"],
            "tuner must be known: got 'psychic'; accepted: random, bayesian, hyperband, grid",
        ),
        (["--dataset", "mnist"], "mnist"),
        (["--workers", "-1"], "--workers is out of range"),
        ([], "readable config.json"),
    ],
)
def test_bad_flags(tmp_path, capsys, flags, message):
    run = RunDirectory(tmp_path / "run")
    if flags:
        run.create()
        write_json(run.config, TrainConfig().to_dict())
    assert message in fails(capsys, run.path, *flags)


def test_run_without_encoder(tmp_path, capsys):
    run = RunDirectory(tmp_path / "run")
    run.create()
    write_json(run.config, TrainConfig().to_dict())
    assert "an evaluated run has an exported encoder" in fails(capsys, run.path)
    assert not (run.path / "search").exists()


def test_dataset_without_labels(tmp_path, capsys):
    run = make_run(tmp_path / "run", make_images(tmp_path / "images.npz", labeled=False))
    assert "probes need labels" in fails(capsys, run.path)
    assert not (run.path / "search").exists()


def test_directory_of_something_else(tmp_path, capsys):
    run = RunDirectory(tmp_path / "run")
    run.create()
    write_json(run.config, TrainConfig().to_dict())
    assert "must be new, or hold a search" in fails(
        capsys, run.path, "--directory", run.path, "--overwrite"
    )
    assert run.config.exists()


def test_environment_variables_of_a_cluster(tmp_path, capsys, monkeypatch):
    run = RunDirectory(tmp_path / "run")
    run.create()
    write_json(run.config, TrainConfig().to_dict())
    monkeypatch.setenv(ID, "tuner0")
    assert f"all of {ID}, {HOST} and {PORT}" in fails(capsys, run.path)
    monkeypatch.setenv(HOST, "127.0.0.1")
    monkeypatch.setenv(PORT, "9")
    assert "--workers starts a chief of its own" in fails(capsys, run.path, "--workers", "2")


@pytest.mark.parametrize("probe_settings", PROBE_SETTINGS)
def test_suite_with_other_probe_settings_does_not_stand_beside_the_searched_probe(
    tmp_path, probe_settings
):
    suites = {name: MlpSuite(seeds=2, **fields).settings for name, fields in PROBE_SETTINGS.items()}
    labels = np.zeros(3, np.int64)
    requested = {"embeddings": "same", "suite": suites[probe_settings]}
    ProbeResult("mlp", "classification", [], [], {"asked": requested}, labels, labels).save(
        tmp_path
    )
    for name, suite in suites.items():
        stored = search._stored_suite(tmp_path, "same", suite | {"seeds": 5})
        assert stored == ([] if name == probe_settings else None)
    assert search._stored_suite(tmp_path, "other", suites[probe_settings]) is None


def test_help_fits_80_columns_and_loads_nothing_heavy(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        search.main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for action in search.make_parser()._actions:
        assert all(flag in text for flag in action.option_strings)
        assert action.help
    code = (
        "import sys, tfdeepsim.commands.search\n"
        "heavy = ('tensorflow', 'keras', 'keras_tuner', 'grpc', 'sklearn')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
