import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probes.metrics import measure
from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.search import search
from tfdeepsim.tuning.settings import SearchSettings

pytestmark = [
    pytest.mark.slow,
    # keras-tuner uses deprecated names of `threading`.
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
]


def run(path, pairs, task="regression", **settings):
    options = {name: settings.pop(name) for name in ("overwrite", "dry_run") if name in settings}
    settings = SearchSettings(**{"trials": 2, "epochs": 2, **settings})
    return search(pairs, task, settings, SearchDirectory(path), **options)


def table(path):
    with open(path / "trials.csv") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    from conftest import make_pairs

    path = tmp_path_factory.mktemp("searches") / "finished"
    return path, run(path, make_pairs())


@pytest.mark.parametrize(
    ("tuner", "task", "settings", "trials"),
    [
        ("random", "classification", {}, 2),
        ("bayesian", "regression", {"trials": 4}, 4),  # the last by the Gaussian process
        ("hyperband", "regression", {"trials": None, "epochs": 3}, 6),
        ("grid", "classification", {}, 2),
    ],
)
def test_every_tuner(tmp_path, pairs, tuner, task, settings, trials):
    data = pairs(task)
    result = run(tmp_path, data, task, tuner=tuner, **settings)
    rows = table(tmp_path)
    assert [row["status"] for row in rows] == ["completed"] * trials
    losses = [float(row["validation_loss"]) for row in rows]
    [chosen] = result.chosen
    assert chosen["validation_loss"] == min(losses)
    assert chosen["trial"] == rows[int(np.argmin(losses))]["trial"]
    assert result.probe == "search"
    for score in result.scores:
        expected = measure(score.metric, result.predictions, data[2][1])
        assert score.value == pytest.approx(expected, rel=1e-6)
    if tuner == "hyperband":
        continued = [row for row in rows if row["continues"]]
        assert [(row["epochs"], row["hidden"]) for row in continued] == [
            ("2", next(row["hidden"] for row in rows if row["trial"] == continued[0]["continues"]))
        ]


def test_exported_probes_need_tensorflow_alone(finished, tmp_path, pairs):
    """A process without tfdeepsim and Keras predicts labels from raw embeddings."""
    data = pairs("classification")
    classes = run(tmp_path / "classes", data, "classification", trials=1, epochs=1)
    np.save(tmp_path / "embeddings.npy", data[2][0])
    code = """if True:
        import sys, numpy as np, tensorflow as tf
        x = np.load("embeddings.npy")
        for name, path in zip(("regression", "classification"), sys.argv[1:]):
            probe = tf.saved_model.load(path)
            labels = probe.predict(x).numpy()
            served = probe.signatures["serving_default"](embeddings=tf.constant(x))
            assert (served["prediction"].numpy() == labels).all()
            assert len(probe.predict(x[:1])) == 1
            np.save(name + ".npy", labels)
        assert not any(name.startswith("tfdeepsim") for name in sys.modules)
    """
    paths = finished[0] / "best", tmp_path / "classes" / "best"
    subprocess.run([sys.executable, "-c", code, *map(str, paths)], cwd=tmp_path, check=True)
    predicted = {
        name: np.load(tmp_path / f"{name}.npy") for name in ("regression", "classification")
    }
    assert {name: array.dtype for name, array in predicted.items()} == {
        "regression": np.float32,
        "classification": np.int64,
    }
    np.testing.assert_array_equal(predicted["classification"], classes.predictions)
    # Both data sets have the same embeddings.
    np.testing.assert_allclose(
        predicted["regression"], finished[1].predictions, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_search_with_the_settings_of_pihlgren_et_al(tmp_path, pairs, task):
    import tensorflow as tf

    data = pairs(task)
    result = run(tmp_path, data, task, tuner="grid", probe_settings="pihlgren")
    assert result.settings["probe_settings"] == "pihlgren"
    assert [row["batch_size"] for row in table(tmp_path)] == ["512", "512"]
    predict = tf.saved_model.load(str(tmp_path / "best")).predict
    np.testing.assert_allclose(predict(data[2][0]), result.predictions, rtol=1e-5, atol=1e-5)
    with pytest.raises(InputError, match="probe_settings pihlgren, not None"):
        run(tmp_path, data, task, tuner="grid")


def test_test_split_chooses_nothing(finished, tmp_path, pairs):
    path, result = finished
    train, validation, (x, y) = pairs()
    other = run(tmp_path / "other", (train, validation, (x[::-1], -y)))
    keep = ("trial", "validation_loss", "validation_metric", "learning_rate")
    assert [[row[name] for name in keep] for row in table(path)] == [
        [row[name] for name in keep] for row in table(tmp_path / "other")
    ]
    assert other.scores[0].value != result.scores[0].value


def test_result_of_a_complete_search_is_read_again(finished, pairs, capsys):
    path, result = finished
    before = {entry: entry.stat().st_mtime_ns for entry in path.rglob("*") if entry.is_file()}
    again = run(path, pairs())
    assert "this search is complete" in capsys.readouterr().out
    assert again.scores[0].value == result.scores[0].value
    after = {entry: entry.stat().st_mtime_ns for entry in path.rglob("*") if entry.is_file()}
    del before[path / ".lock"], after[path / ".lock"]
    assert after == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": 3}, "trials 2, not 3"),
        ({"tuner": "grid"}, "tuner random, not grid"),
        ({"seed": 1}, "seed 0, not 1"),
        ({"seed": 1, "dry_run": True}, "seed 0, not 1"),
        ({"probe_settings": "pihlgren"}, "probe_settings None, not pihlgren"),
    ],
)
def test_directory_of_another_search_is_refused(finished, pairs, change, message):
    with pytest.raises(InputError, match=r"directory of another search: .*" + message) as error:
        run(finished[0], pairs(), **change)
    assert "--overwrite" in str(error.value)


def test_directory_of_other_data_is_refused(finished, pairs):
    with pytest.raises(InputError, match="another search: other data"):
        run(finished[0], pairs(seed=1))


def test_directory_of_another_search_space_is_refused_or_replaced(finished, tmp_path, pairs):
    path = shutil.copytree(finished[0], tmp_path / "space")
    description = json.loads((path / "search.json").read_text())
    description["space"].pop()
    (path / "search.json").write_text(json.dumps(description))
    with pytest.raises(InputError, match="another search: other space"):
        run(path, pairs())
    result = run(path, pairs(), trials=1, epochs=1, seed=5, overwrite=True)
    assert result.chosen[0]["seed"] == 5
    assert len(table(path)) == 1


def test_dry_run_writes_nothing(tmp_path, pairs, capsys):
    assert run(tmp_path / "none", pairs(), trials=None, epochs=100, dry_run=True) is None
    out = capsys.readouterr().out
    assert (
        "random search: at most 30 trials of at most 100 epochs, on 60 + 20 embeddings of 4 columns"
        in out
    )
    assert "at most about" in out
    assert not (tmp_path / "none").exists()


def test_unfit_examples_are_refused(tmp_path, pairs):
    (x, y), *others = pairs()
    bad = x.copy()
    bad[5, 1] = np.nan
    with pytest.raises(InputError, match="NaN or infinity in 1 of 60 rows"):
        run(tmp_path, ((bad, y), *others))
    (x, y), *others = pairs("classification")
    with pytest.raises(InputError, match="two classes or more"):
        run(tmp_path, ((x, np.full_like(y, 7)), *others), "classification")
    assert list(tmp_path.iterdir()) == []


def test_search_in_which_every_probe_diverges_is_refused(tmp_path, pairs):
    """The squares of these validation embeddings overflow float32."""
    train, (x, y), test = pairs()
    with pytest.raises(InputError, match="NaN or infinity in all of 2 trials"):
        run(tmp_path, (train, (x * 1e30, y), test), trials=2, tuner="grid")
    assert [row["status"] for row in table(tmp_path)] == ["failed"] * 2


def test_tensorboard_has_hyperparameters(finished):
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    path, _ = finished
    for trial in table(path):
        files = list((path / "tensorboard" / trial["trial"]).rglob("*tfevents*"))
        tags = {
            value.tag
            for file in files
            for event in EventFileLoader(str(file)).Load()
            for value in event.summary.value
        }
        assert {
            "_hparams_/session_start_info",
            "_hparams_/session_end_info",
            "epoch_loss",
            "epoch_l1",
        } <= tags
