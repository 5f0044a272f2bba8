"""A probe during training: its scores, that it does not change the training, and that it can select
the best epoch."""

import csv

import numpy as np
import pytest
import rich.console

from tfdeepsim.arrays import load_arrays
from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.data.dataset import Splits
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.checkpoint import TrainingProgress
from tfdeepsim.training.online_probe import EXAMPLES, OnlineProbe
from tfdeepsim.training.trainer import train

QUIET = rich.console.Console(quiet=True)
COLUMN = "val_probe_l1"


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny):
    """A run with a probe every second epoch that selects the weights, and the same run without."""
    name, data_dir = tiny
    common = {
        "dataset": name,
        "data_dir": str(data_dir),
        "latent_dim": 4,
        "batch_size": 2,
        "epochs": 4,
    }
    folder = tmp_path_factory.mktemp("probed")
    probed, plain = RunDirectory(folder / "probed"), RunDirectory(folder / "plain")
    train(
        TrainConfig(**common, model="vae", probe_every=2, choose_by="probe"), probed, console=QUIET
    )
    train(TrainConfig(**common, model="vae"), plain, console=QUIET)
    return probed, plain


def history(run):
    with open(run.history) as file:
        return list(csv.DictReader(file))


def test_scores_of_the_first_every_second_and_the_last_epoch(runs):
    scored = [bool(row[COLUMN]) for row in history(runs[0])]
    assert scored == [True, True, False, True]
    assert COLUMN not in history(runs[1])[0]


def test_training_is_the_same_without_it(runs):
    (probed, _), (plain, _) = (load_arrays(run.state) for run in runs)
    for a, b in zip(probed, plain, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_best_score_chooses_the_weights(runs):
    rows = [row for row in history(runs[0]) if row[COLUMN]]
    best = min(rows, key=lambda row: float(row[COLUMN]))
    assert load_arrays(runs[0].best)[1]["epoch"] == int(best["epoch"])


def test_tensorboard_has_the_curve(runs):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(runs[0].path / "validation"))
    events.Reload()
    curve = events.Tensors("epoch_probe_l1")
    assert [event.step for event in curve] == [0, 1, 3]


def test_best_epoch_by_a_score():
    rows = [{"val_loss": 3.0 - i, "val_probe_accuracy": a} for i, a in enumerate((0.2, 0.9, 0.4))]
    del rows[0]["val_probe_accuracy"]
    assert TrainingProgress(rows).best_epoch == 3
    assert TrainingProgress(rows, monitor="val_probe_accuracy").best_epoch == 2
    assert TrainingProgress(rows[:1], monitor="val_probe_accuracy").best_epoch == 0


def test_only_on_screen_frames_and_never_the_test_split(tiny):
    splits = Splits(open_dataset(*tiny))
    read = []

    class Watched(dict):
        def __missing__(self, split):
            read.append(split)
            return splits[split]

    watched = Watched()
    watched.dataset = splits.dataset
    probing = OnlineProbe(watched, 1, 1)
    assert set(read) == set(EXAMPLES)
    for split, (images, labels) in probing._splits.items():
        shown = int(splits[split].labels["on_screen"].sum())
        assert len(images) == len(labels) == min(shown, EXAMPLES[split])


def test_labels_are_needed(tiny):
    splits = Splits(open_dataset(*tiny))
    splits.dataset.task = None
    with pytest.raises(InputError, match="probes need labels"):
        OnlineProbe(splits, 1, 1)


def test_choosing_by_a_probe_needs_one():
    with pytest.raises(InputError, match="--choose-by probe needs scores"):
        TrainConfig(choose_by="probe")
