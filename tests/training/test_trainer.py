"""The trainer: what it writes, that the model learns, and that runs are resumed."""

import csv
import dataclasses
import json
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import rich.console
import tensorflow as tf
from PIL import Image

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import describe
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.files import write_json
from tfdeepsim.run import RunDirectory
from tfdeepsim.training import trainer
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model
from tfdeepsim.training.checkpoint import TrainingProgress, load_arrays, load_state
from tfdeepsim.training.plan import measure_step


def source(size, seed=0):
    """Squares of one colour at random places, which can be learned."""
    generator = np.random.default_rng(seed)
    images = np.zeros((size, 64, 64, 3), np.uint8)
    corners = generator.integers(0, 40, (size, 2))
    for image, (x, y) in zip(images, corners, strict=True):
        image[y : y + 24, x : x + 24] = (200, 120, 40)
    return Split(images, {"position": corners.astype(np.float32), "episode": np.arange(size)})


QUIET = rich.console.Console(quiet=True)
TRAINING, VALIDATION = source(20), source(6, seed=1)


def fit(path, **flags):
    """Train without a dataset on disk, through the trainer's own steps."""
    config = TrainConfig(**{"latent_dim": 4, "batch_size": 4, "epochs": 2, **flags})
    run = RunDirectory(path)
    run.create()
    task = task_of(config)
    model = build_model(task)
    progress = TrainingProgress()
    trainer._fit(task, run, model, progress, QUIET)
    return run, model, progress, task


def task_of(config):
    described = describe(config.dataset, None, config)
    data = SimpleNamespace(
        splits={"encoder_train": TRAINING, "encoder_validation": VALIDATION},
        description=dataclasses.replace(described, splits={"encoder_train": len(TRAINING.images)}),
    )
    return AutoencoderTask(config, data)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return fit(tmp_path_factory.mktemp("run"), model="vae", epochs=3)


def test_history(trained):
    run, _, progress, _ = trained
    with open(run.history) as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    terms = {"loss", "image", "kl", "weighted_image", "weighted_kl"}
    assert set(rows[0]) == terms | {f"val_{t}" for t in terms} | {
        "epoch",
        "learning_rate",
        "images_per_second",
    }
    assert float(rows[2]["loss"]) < float(rows[0]["loss"])
    assert progress.step == 15
    assert float(rows[0]["images_per_second"]) > 0


def test_best_weights_are_those_of_the_best_epoch(trained):
    run, _, progress, _ = trained
    arrays, meta = load_arrays(run.best)
    assert meta["epoch"] == progress.best_epoch
    assert meta["val_loss"] == min(row["val_loss"] for row in progress.history)
    assert len(arrays) == len(trained[1].generator.weights)


def test_tensorboard_and_samples(trained):
    run, model, progress, task = trained
    trainer._finish(task, run, model, progress, QUIET)
    tags = {}
    for folder in ("train", "validation"):
        for path in sorted((run.path / folder).glob("events*")):
            for event in tf.compat.v1.train.summary_iterator(str(path)):
                for value in event.summary.value:
                    tags.setdefault((folder, value.tag), []).append(event.step)
    for term in ("loss", "image", "kl", "weighted_image", "weighted_kl"):
        assert tags["train", f"epoch_{term}"] == tags["validation", f"epoch_{term}"] == [0, 1, 2]
    assert (
        tags["train", "epoch_learning_rate"]
        == tags["train", "epoch_images_per_second"]
        == [0, 1, 2]
    )
    assert tags["validation", "originals over reconstructions"] == [0, 1, 2]
    samples = np.load(run.samples)
    np.testing.assert_array_equal(samples["original"], VALIDATION.images)
    assert samples["reconstruction"].shape == VALIDATION.images.shape
    projected = run.path / "validation"
    assert len((projected / "embeddings.tsv").read_text().splitlines()) == 6
    labels = (projected / "labels.tsv").read_text().splitlines()
    assert labels[0].split("\t") == ["position_0", "position_1", "episode"]
    assert len(labels) == 7
    sprite = np.asarray(Image.open(projected / "sprite.png"))
    assert sprite.shape == (96, 96, 3)
    np.testing.assert_allclose(
        sprite[:32, :32].mean((0, 1)), VALIDATION.images[0].mean((0, 1)), atol=3
    )
    assert "embeddings.tsv" in (projected / "projector_config.pbtxt").read_text()


def test_resuming_gives_the_same_bits(trained, tmp_path):
    _, whole, _, task = trained
    run, *_ = fit(tmp_path / "run", model="vae", epochs=1)
    model = build_model(task)
    progress = load_state(run, model)
    assert progress.step == 5
    trainer._fit(task, run, model, progress, QUIET)
    for a, b in zip(whole.state_variables(), model.state_variables(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_steps_in_place_of_epochs(tmp_path):
    _, model, progress, _ = fit(tmp_path / "run", steps=7, epochs=None)
    assert progress.step == int(model.optimizer.iterations.numpy()) == 7
    assert progress.epoch == 2


def test_early_stopping(tmp_path):
    # Nothing is learned: only batch statistics converge, after which the loss changes randomly.
    run, _, progress, _ = fit(tmp_path / "run", epochs=60, patience=2, learning_rate=1e-12)
    assert progress.epoch < 60
    assert progress.epoch - progress.best_epoch == 2
    assert load_arrays(run.best)[1]["epoch"] == progress.best_epoch


def test_a_loss_that_explodes_is_named(tmp_path):
    with pytest.raises(InputError, match=r"NaN or infinity in term 'image' at step \d+;"):
        fit(tmp_path / "run", learning_rate=1e38)


def test_resuming_on_other_data_is_refused(tmp_path):
    run = RunDirectory(tmp_path)
    recorded = {"fingerprint": "abc", "image_shape": [64, 64, 3]}
    write_json(run.environment, {"dataset": recorded, "comparator": None})
    trainer._check_same(run, {"dataset": {"fingerprint": "abc"}}, "dataset", "fingerprint")
    with pytest.raises(InputError, match="same dataset: got fingerprint def; accepted: abc"):
        trainer._check_same(run, {"dataset": {"fingerprint": "def"}}, "dataset", "fingerprint")
    trainer._check_same(run, {"comparator": None}, "comparator", "sha256")


def test_measuring_leaves_the_model_as_it_was():
    model = build_model(AutoencoderTask(TrainConfig(model="vae", latent_dim=4)))
    before = [v.numpy() for v in model.state_variables()]
    assert 0 < measure_step(model, {"image": tf.zeros((2, 64, 64, 3))}) < 60
    for a, b in zip(before, model.state_variables(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("loss", ["pixel", "l1"])
def test_mixed_precision_follows_float32(tmp_path, loss):
    losses = {}
    for precision in ("float32", "mixed_bfloat16"):
        keras.backend.clear_session()
        _, model, progress, _ = fit(tmp_path / precision, precision=precision, loss=loss)
        losses[precision] = progress.history[-1]["loss"]
        assert {v.dtype for v in model.generator.trainable_variables} == {"float32"}
    assert losses["mixed_bfloat16"] == pytest.approx(losses["float32"], rel=0.1)


def test_state_is_json_and_arrays(trained):
    with np.load(trained[0].state, allow_pickle=False) as file:
        assert json.loads(file["meta"].tobytes())["step"] == 15
