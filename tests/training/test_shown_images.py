"""Which validation images a training shows, where images lie by class."""

import types

import numpy as np
import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.run import RunDirectory
from tfdeepsim.training import autoencoder_task, generator_task
from tfdeepsim.training.autoencoder_task import AutoencoderTask

CLASSES = 4


@pytest.fixture
def task(tmp_path):
    """Of 240 images in 4 classes, one after the other; the first pixel is the class."""
    labels = np.repeat(np.arange(CLASSES), 60)
    images = np.zeros((240, 64, 64, 3), np.uint8)
    images[:, 0, 0, 0] = labels
    np.savez(tmp_path / "by_class.npz", images=images, labels=labels)
    return AutoencoderTask(
        TrainConfig(dataset=f"npz:{tmp_path / 'by_class.npz'}", data_dir=str(tmp_path))
    )


def counts(images):
    return np.bincount(np.asarray(images)[:, 0, 0, 0], minlength=CLASSES).tolist()


def test_the_grid_shows_all_classes(task, tmp_path):
    (board,) = [
        callback
        for callback in task.callbacks(RunDirectory(tmp_path / "run"), epochs=1)
        if isinstance(callback, generator_task.RunTensorBoard)
    ]
    assert counts(board.images) == [2, 2, 2, 2]


def test_samples_and_projected_images_are_of_all_classes(task, tmp_path, monkeypatch):
    run, projected = RunDirectory(tmp_path / "run"), []
    run.create()
    monkeypatch.setattr(generator_task, "reconstruct", lambda model, images: images)
    monkeypatch.setattr(autoencoder_task, "over_batches", lambda function, images: images)
    monkeypatch.setattr(autoencoder_task, "write_projector", lambda *a: projected.append(a))
    monkeypatch.setattr(autoencoder_task, "PROJECTED_IMAGES", 12)
    model = types.SimpleNamespace(generator=types.SimpleNamespace(encoder=None))
    task.finish(run, model, {})
    with np.load(run.samples) as samples:
        assert counts(samples["original"]) == [4, 4, 4, 4]
    ((_, embeddings, images, labels),) = projected
    assert counts(images) == counts(embeddings) == [3, 3, 3, 3]
    np.testing.assert_array_equal(labels["label"], images[:, 0, 0, 0])
