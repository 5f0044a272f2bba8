import json

import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.report.record import read_record


def test_a_whole_run(make_run, make_score, originals):
    score = make_score("pvae", model="vae", loss="perceptual", comparator="random_alexnet:relu2")
    record = read_record(make_run(score), score)
    assert record.called == "P. VAE (pvae)"
    assert record.missing == {}
    assert record.config["latent_dim"] == 64
    assert record.environment["comparator"]["sha256"] == "ab" * 32
    np.testing.assert_array_equal(record.history["epoch"], [1, 2, 3, 4, 5])
    np.testing.assert_allclose(record.history["weighted_kl"], 0.002 * record.history["kl"])
    np.testing.assert_array_equal(record.samples.reconstruction, 255 - originals)
    assert record.predictions.target.shape == (100, 2)
    assert not record.predictions.classes
    assert record.probes[0]["hidden"] == [64, 32]


def test_a_dataset_with_slashes_is_found(make_run, make_score):
    score = make_score(dataset="folder:some/where")
    assert read_record(make_run(score), score).missing == {}


def test_what_is_not_there_is_said(make_run, make_score):
    score = make_score()
    run = make_run(score)
    for path in (run.history, run.samples, run.environment):
        path.unlink()
    record = read_record(run, score)
    assert record.history is record.samples is record.environment is None
    assert record.missing == {
        "environment": "has no environment.json",
        "history": "has no history.csv",
        "samples": "has no samples.npz",
    }


def test_a_damaged_archive_is_said(make_run, make_score):
    score = make_score()
    run = make_run(score)
    whole = run.samples.read_bytes()
    generator = np.random.default_rng(0)
    for length in generator.integers(0, len(whole), 20):
        run.samples.write_bytes(whole[:length])
        record = read_record(run, score)
        assert record.samples is None
        assert record.missing["samples"].startswith("has an unusable samples.npz (")


def write_pickle(path):
    np.savez(path, original=np.array([{}], object), reconstruction=np.array([{}], object))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: np.savez(path, original=np.zeros((2, 4, 4, 3), np.uint8)),
        lambda path: np.savez(path, original=np.zeros((2, 4, 4, 3)), reconstruction=np.zeros((2, 4, 4, 3))),
        lambda path: np.savez(
            path, original=np.zeros((2, 4, 4, 3), np.uint8), reconstruction=np.zeros((1, 4, 4, 3), np.uint8)
        ),
        write_pickle,
        lambda path: path.write_bytes(b"no archive"),
    ],
    ids=["one array", "floats", "other number", "pickle", "no archive"],
)
def test_unusable_samples_are_said(make_run, make_score, write):
    score = make_score()
    run = make_run(score)
    write(run.samples)
    assert "unusable samples.npz" in read_record(run, score).missing["samples"]


@pytest.mark.parametrize("text", ["", "epoch,loss\n", "loss\n1\n", "epoch,loss\n1,high\n", "epoch\n1,2,3\n"])
def test_unusable_history_is_said(make_run, make_score, text):
    score = make_score()
    run = make_run(score)
    run.history.write_text(text)
    assert "unusable history.csv" in read_record(run, score).missing["history"]


@pytest.mark.parametrize(
    ("target", "predicted"),
    [
        (np.zeros((5, 2), np.float32), np.zeros((4, 2), np.float32)),
        (np.zeros(5, np.float32), np.zeros(5, np.float32)),
        (np.zeros(5, np.int64), np.zeros(5, np.float32)),
        (np.full((5, 2), np.nan, np.float32), np.zeros((5, 2), np.float32)),
        (np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)),
    ],
    ids=["other number", "float classes", "mixed kinds", "NaN", "empty"],
)
def test_unusable_predictions_are_said(make_run, make_score, target, predicted):
    score = make_score()
    run = make_run(score)
    np.savez(run.results / "llv2" / "mlp.npz", target=target, predicted=predicted)
    assert "unusable results/llv2/mlp.npz" in read_record(run, score).missing["predictions"]


@pytest.mark.parametrize("value", [[], {}, {"chosen": 1}, {"chosen": [1]}])
def test_unusable_probe_record_is_said(make_run, make_score, value):
    score = make_score()
    run = make_run(score)
    (run.results / "llv2" / "mlp.json").write_text(json.dumps(value))
    assert "unusable results/llv2/mlp.json" in read_record(run, score).missing["probes"]


def test_a_folder_without_config_is_no_run(make_run, make_score):
    score = make_score()
    run = make_run(score)
    run.config.unlink()
    with pytest.raises(InputError, match=r"config\.json"):
        read_record(run, score)
