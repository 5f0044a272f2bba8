"""Features of training images that are computed once: the same training, without their pass."""

import csv
import os
import resource

import numpy as np
import pytest
import rich.console
import tensorflow as tf
from squares import squares

from tfdeepsim.arrays import load_arrays
from tfdeepsim.comparators import make_comparator
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.pixels import to_floats
from tfdeepsim.run import RunDirectory
from tfdeepsim.training import kept_features, trainer
from tfdeepsim.training.kept_features import KeptFeatures
from tfdeepsim.training.tasks import make_task

QUIET = rich.console.Console(quiet=True)
IMAGES = squares(14, seed=0)[0]
SYSTEMS = {
    "perceptual": {"loss": "perceptual", "comparator": "random_alexnet:relu1"},
    "several layers, bfloat16": {
        "loss": "perceptual",
        "comparator": "random_alexnet:relu1+pool1",
        "precision": "mixed_bfloat16",
    },
    "deepsim": {"loss": "deepsim", "comparator": "random_alexnet:relu1"},
    "inversion": {
        "task": "inversion",
        "invert": "random_alexnet:pool2",
        "loss": "perceptual",
        "comparator": "random_alexnet:relu1",
    },
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "squares.npz"
    np.savez(path, images=IMAGES)
    return f"npz:{path}"


def config_of(data, system="perceptual", **fields):
    fields = {"network": "dosovitskiy", "width": 0.05, "batch_size": 4, "epochs": 2} | fields
    if system == "inversion":
        del fields["network"]
    return TrainConfig(dataset=data, **SYSTEMS[system], **fields)


def train(config, path, resume=False):
    run = RunDirectory(path)
    trainer.train(config, run, console=QUIET, resume=resume)
    with open(run.history, newline="") as file:
        history = list(csv.DictReader(file))
    return run, [{k: v for k, v in row.items() if k != "images_per_second"} for row in history]


def of_default_suite(name):
    return name if "several" in name else pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize("system", [of_default_suite(name) for name in SYSTEMS])
def test_training_is_the_same(data, tmp_path, system):
    plain, expected = train(config_of(data, system), tmp_path / "plain")
    kept, history = train(config_of(data, system, keep_features="on"), tmp_path / "kept")
    for row, other in zip(history, expected, strict=True):
        assert {k: float(v) for k, v in row.items()} == pytest.approx(
            {k: float(v) for k, v in other.items()}, rel=1e-4, abs=1e-6
        )
    assert kept.read_environment()["comparator"]["kept_features"]
    assert "kept_features" not in plain.read_environment()["comparator"]
    assert not kept.kept_features.exists()


def task_of(config, path):
    task = make_task(config)
    task.run = RunDirectory(path)
    task.run.create()
    return task, task.model()


def test_training_batches_have_the_features_of_their_images(data, tmp_path):
    task, model = task_of(config_of(data, keep_features="on"), tmp_path / "run")
    for batch in (task.trial_batch(), *task.training(range(3))):
        expected = model.comparator(batch["image"])
        np.testing.assert_allclose(batch["features"], expected, rtol=1e-5, atol=1e-5)


def test_the_files_hold_what_the_comparator_returns(tmp_path):
    run, comparator = RunDirectory(tmp_path), make_comparator("random_alexnet:relu1+pool1")
    kept = KeptFeatures(run, comparator, len(IMAGES), (64, 64, 3), batch_size=4)
    layers = kept.arrays(IMAGES)
    for layer, expected in zip(layers, comparator(to_floats(IMAGES)), strict=True):
        np.testing.assert_allclose(layer, expected, rtol=1e-5, atol=1e-5)
    assert kept.bytes == sum(layer.nbytes for layer in layers)
    # What is there is read again; what is incomplete is written anew.
    before = run.kept_features.stat().st_mtime_ns
    assert kept.arrays(IMAGES)[0].shape == layers[0].shape
    assert run.kept_features.stat().st_mtime_ns == before
    expected = layers[1].copy()
    del layers
    os.truncate(run.kept_features / "1", 8)
    np.testing.assert_array_equal(kept.arrays(IMAGES)[1], expected)


def test_an_interrupted_run_reads_its_features_again(data, tmp_path):
    config = config_of(data, keep_features="on", deterministic=True, epochs=2)
    whole, expected = train(config, tmp_path / "whole")

    class Interrupting(rich.console.Console):
        """Ctrl-C after the first epoch's line."""

        def print(self, *objects, **options):
            if any("epoch 1/2" in str(o) for o in objects):
                raise KeyboardInterrupt

    run = RunDirectory(tmp_path / "run")
    with open(os.devnull, "w") as nowhere, pytest.raises(KeyboardInterrupt):
        trainer.train(config, run, console=Interrupting(file=nowhere))
    assert (run.kept_features / "0").is_file()
    _, history = train(config, run.path, resume=True)
    assert history == expected
    for weights, others in zip(load_arrays(run.best)[0], load_arrays(whole.best)[0], strict=True):
        np.testing.assert_array_equal(weights, others)


def test_auto_keeps_what_fits(data, tmp_path, monkeypatch):
    config = config_of(data, keep_features="auto")
    task, model = task_of(config, tmp_path / "fits")
    assert task.plan(model)["kept"] == "features of training images, 1 MB in the run"
    assert task.record(model)["comparator"]["kept_features"]
    monkeypatch.setattr(kept_features, "free_disk", lambda path: 1000)
    task, model = task_of(config, tmp_path / "does_not")
    assert "kept" not in task.plan(model)
    assert "kept_features" not in task.record(model)["comparator"]
    # What a run began with, it goes on with.
    task.earlier_record = {"comparator": {"kept_features": True}}
    assert "kept" in task.plan(task.model())
    task, model = task_of(config_of(data, keep_features="on"), tmp_path / "must")
    with pytest.raises(InputError, match=r"kept features must fit on the disk: got .* 0\.0 GB"):
        task.training(range(1))


@pytest.mark.parametrize(
    "fields", [{"augment": "flip"}, {"task": "inversion", "comparator": "random_alexnet:pool2"}]
)
def test_auto_leaves_out_what_saves_nothing(data, tmp_path, fields):
    system = "inversion" if "task" in fields else "perceptual"
    fields = {**SYSTEMS[system], **fields, "invert": None}
    if system == "inversion":
        fields["invert"] = fields["comparator"]
    config = TrainConfig(dataset=data, width=1, batch_size=4, keep_features="auto", **fields)
    task, model = task_of(config, tmp_path / "run")
    assert "kept" not in task.plan(model)


def test_a_full_disk_leaves_no_half_written_file(tmp_path):
    run, comparator = RunDirectory(tmp_path / "run"), make_comparator("random_alexnet:relu1")
    run.create()
    kept = KeptFeatures(run, comparator, len(IMAGES), (64, 64, 3), batch_size=4)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kept.bytes // 2, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            kept.arrays(IMAGES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not run.kept_features.exists()
    assert not list(run.path.glob(".*.part"))


@pytest.mark.parametrize(
    "fields",
    [
        {"augment": "flip"},
        {"strategy": "multiworker"},
        {"loss": "deepsim", "comparator": "discriminator:conv4"},
    ],
)
def test_features_that_change_are_refused(fields):
    with pytest.raises(InputError, match="features are kept if every epoch has the same ones"):
        TrainConfig(**{**SYSTEMS["perceptual"], **fields}, keep_features="on")


def test_a_loss_without_features_is_refused():
    with pytest.raises(InputError, match="--keep-features is used by the feature term alone"):
        TrainConfig(loss="pixel", keep_features="on")


def test_a_batch_of_ones_own_may_have_features():
    import tfdeepsim as tds

    generator = tds.Autoencoder(tds.Encoder(latent_dim=3), tds.Decoder(latent_dim=3))
    comparator = make_comparator("random_alexnet:relu1")
    model = tds.DeePSiM(generator, {"feature": 1.0}, comparator)
    images = to_floats(IMAGES[:4])
    features = comparator(images)
    expected = model.terms({"image": images})["feature"]
    terms = model.terms({"image": images, "features": features})
    np.testing.assert_allclose(terms["feature"], expected, rtol=1e-5)
    other = model.terms({"image": images, "features": tf.zeros_like(features)})
    assert np.all(np.abs(other["feature"] - expected) > 1e-3)
