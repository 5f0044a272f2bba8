"""Checkpoints: complete or refused; and the rule that selects the best epoch."""

import os
import signal

import numpy as np
import pytest

from tfdeepsim.arrays import assign, load_arrays, save_arrays
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory
from tfdeepsim.training import checkpoint as checkpoint_module
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model
from tfdeepsim.training.checkpoint import (
    Checkpoint,
    TrainingProgress,
    load_best,
    load_state,
    patience_of,
    save_state,
    write_history,
)
from tfdeepsim.training.checkpoint_schedule import CheckpointSchedule


def rows(*losses):
    return [{"epoch": i, "val_loss": loss} for i, loss in enumerate(losses, 1)]


def test_best_epoch_is_the_first_lowest():
    assert TrainingProgress().best_epoch == 0
    assert TrainingProgress(rows(3.0, 1.0, 2.0, 1.0)).best_epoch == 2


def test_patience_counts_whole_epochs_without_progress():
    assert not TrainingProgress(rows(1.0, 2.0)).exhausted(2)
    assert TrainingProgress(rows(1.0, 2.0, 3.0)).exhausted(2)
    assert not TrainingProgress(rows(3.0, 2.0, 1.0)).exhausted(1)


@pytest.mark.parametrize(("epochs", "patience"), [(50, 10), (300, 15), (7, 10)])
def test_default_patience_is_an_integer(epochs, patience):
    assert patience_of(TrainConfig(), epochs) == patience
    assert isinstance(patience_of(TrainConfig(), epochs), int)
    assert patience_of(TrainConfig(patience=3), epochs) == 3


@pytest.fixture(scope="module")
def models():
    config = TrainConfig(model="vae", latent_dim=4, batch_size=2)
    return [build_model(AutoencoderTask(config)) for _ in range(2)]


def take_step(model, seed=0):
    images = np.random.default_rng(seed).random((2, 64, 64, 3), np.float32)
    model.train_step({"image": images})


def test_a_resumed_state_continues_bit_for_bit(models, tmp_path):
    first, second = models
    take_step(first)
    save_state(RunDirectory(tmp_path), first, TrainingProgress(rows(1.0), step=1, seconds=2.0))
    progress = load_state(RunDirectory(tmp_path), second)
    assert (progress.epoch, progress.step, progress.seconds) == (1, 1, 2.0)
    for model in models:
        take_step(model, seed=1)
    for a, b in zip(first.state_variables(), second.state_variables(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_state_holds_the_random_generator_and_the_optimizer(models):
    paths = [variable.path for variable in models[0].state_variables()]
    assert any("seed_generator_state" in path for path in paths)
    assert any("iteration" in path for path in paths)
    assert any("moving_variance" in path for path in paths)
    assert len(set(map(id, models[0].state_variables()))) == len(paths)


@pytest.mark.parametrize("length", [0, 1, 100, -1])
def test_truncated_file(tmp_path, length):
    path = tmp_path / "state.npz"
    save_arrays(path, [np.arange(100.0)], {"step": 1})
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(InputError, match="checkpoint must be complete"):
        load_arrays(path)


def test_a_pickle_is_not_loaded(tmp_path):
    path = tmp_path / "state.npz"
    np.savez(path, meta=np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match="checkpoint must be complete"):
        load_arrays(path)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="checkpoint must be complete"):
        load_arrays(tmp_path / "none.npz")


def test_other_shapes(models):
    with pytest.raises(InputError, match="must fit"):
        assign(models[0].generator.weights, [np.zeros(3)], "best.npz")


def test_other_dtypes(models):
    weights = [np.asarray(v).astype(complex) for v in models[0].generator.weights]
    with pytest.raises(InputError, match=r"must fit.*tensors of complex128; accepted: .*float32"):
        assign(models[0].generator.weights, weights, "best.npz")


@pytest.mark.parametrize(
    "change",
    [{"step": "1"}, {"step": None}, {"step": -1}, {"step": 10**30}, {"history": {}},
     {"history": [3]}, {"seconds": []},
     {"history": [{"epoch": 1, "val_loss": "low"}]}, {"chosen_by": 3}, {"unknown": 1},
     {"epoch_steps": -1}, {"epoch_steps": 2}, {"epoch_steps": 0.5}, {"means": []},
     {"means": {"loss": [1.0]}}, {"means": {"loss": [["1"]]}}],
)  # fmt: skip
def test_a_record_of_other_types_is_one_line(change):
    record = TrainingProgress(rows(1.0), step=1, seconds=2.0).to_record()
    assert TrainingProgress.from_record(record).to_record() == record
    with pytest.raises(InputError, match=r"state\.npz"):
        TrainingProgress.from_record(record | change)
    for name in ("history", "step", "seconds"):
        with pytest.raises(InputError, match="records the progress of its run"):
            TrainingProgress.from_record({k: v for k, v in record.items() if k != name})


def test_the_record_at_the_end_of_an_epoch_is_that_of_earlier_versions():
    progress = TrainingProgress(rows(1.0), step=5, epoch_steps=2, means={"loss": [[1.0], [2.0]]})
    within = progress.to_record()
    again = TrainingProgress.from_record(within)
    assert (again.epoch_steps, again.means) == (2, {"loss": [[1.0], [2.0]]})
    progress.epoch_steps = 0
    assert within.keys() - progress.to_record().keys() == {"epoch_steps", "means"}


def test_no_state_is_saved_after_a_measure_was_infinite(models, tmp_path):
    model, progress, now = models[0], TrainingProgress(step=3, seconds=5.0), [100.0]
    schedule = CheckpointSchedule(1, clock=lambda: now[0])
    run = RunDirectory(tmp_path)
    checkpoint = Checkpoint(run, progress, 10, schedule=schedule)
    checkpoint.set_model(model)
    checkpoint.set_params({"steps": 10})
    model.reset_metrics()
    checkpoint.on_epoch_begin(0)
    for loss, saved in ((0.5, 4), (np.inf, 4), (0.5, 4)):
        now[0] += 60.0
        progress.step += 1
        model.means["loss"].update_state(loss)
        checkpoint.on_train_batch_end(progress.epoch_steps)
        _, record = load_arrays(run.state)
        assert (record["step"], record["epoch_steps"], record["seconds"]) == (saved, 1, 65.0)
        assert record["means"]["loss"] == [[0.5], [1.0]]
    assert progress.seconds == 5.0, "the step counter adds them at the end of the epoch"
    model.reset_metrics()


def test_a_signal_waits_for_the_files_at_the_end_of_an_epoch(models, tmp_path, monkeypatch):
    run, progress = RunDirectory(tmp_path), TrainingProgress(rows(1.0), step=3)

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        write_history(*arguments)

    monkeypatch.setattr(checkpoint_module, "write_history", interrupted)
    with Checkpoint(run, progress, 10) as checkpoint:
        checkpoint.set_model(models[0])
        with pytest.raises(KeyboardInterrupt):
            checkpoint.on_epoch_end(1, {"val_loss": 0.5})
    written = (run.best, run.state, run.history)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(p.name for p in written)
    assert len(run.history.read_text().splitlines()) == 3


def test_best_weights_without_their_losses(models, tmp_path):
    run, network = RunDirectory(tmp_path), models[0].generator
    weights = [np.asarray(v) for v in network.weights]
    for meta in ({}, {"epoch": 1, "val_loss": None}, {"epoch": [], "val_loss": 1.0}):
        save_arrays(run.best, weights, meta)
        with pytest.raises(InputError, match=r"best\.npz"):
            load_best(run, network)
