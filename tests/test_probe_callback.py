"""A probe during `fit`: what it logs, and when."""

import keras
import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probe_callback import ProbeCallback
from tfdeepsim.probes.probe import probe

RANDOM = np.random.default_rng(0)
LABELS = np.repeat(["cat", "dog"], 40)
IMAGES = RANDOM.random((80, 4, 4, 1), np.float32) + (LABELS == "cat")[:, None, None, None]


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(3, name="embedding"),
            keras.layers.Dense(16),
            keras.layers.Reshape((4, 4, 1)),
        ]
    )
    model.compile("sgd", "mse")
    return model


def fit(model, *callbacks, epochs=1):
    return model.fit(IMAGES, IMAGES, epochs=epochs, verbose=0, callbacks=[*callbacks]).history


@pytest.mark.parametrize("embed", ["embedding", None, lambda batch: batch.reshape(-1, 16)[:, :2]])
def test_the_score_is_that_of_a_probe_on_the_embeddings(model, embed):
    history = fit(model, ProbeCallback(IMAGES, LABELS, embed=embed))
    if callable(embed):
        embeddings = IMAGES.reshape(-1, 16)[:, :2]
    else:
        part = model if embed is None else keras.Model(model.inputs[0], model.layers[1].output)
        embeddings = part.predict(IMAGES, verbose=0).reshape(80, -1)
    expected = probe(embeddings, LABELS)
    assert history["probe_accuracy"] == [pytest.approx(expected.score)]
    assert history["probe_chance"] == [pytest.approx(expected.chance)]


def test_epochs_between_repeat_the_last_score_and_early_stopping_sees_it(model):
    scored = []

    def embed(batch):
        scored.append(len(batch))
        return batch.reshape(-1, 16)

    stop = keras.callbacks.EarlyStopping(monitor="probe_accuracy", mode="max", patience=4)
    history = fit(model, ProbeCallback(IMAGES, LABELS, every=3, embed=embed), stop, epochs=9)
    # A probe in the first, third and sixth epoch; the same score each time.
    assert len(history["probe_accuracy"]) == 5
    assert scored == [80, 80]


def test_numbers_are_regressed(model):
    history = fit(model, ProbeCallback(IMAGES, RANDOM.random((80, 2)), embed="embedding"))
    assert list(history) == ["loss", "probe_l1", "probe_chance"]


def test_unsuitable_arguments_are_refused(model):
    with pytest.raises(InputError, match="every is a number of epochs: got 0"):
        ProbeCallback(IMAGES, LABELS, every=0)
    with pytest.raises(InputError, match="got 80 images and 79 labels"):
        ProbeCallback(IMAGES, LABELS[1:])
    with pytest.raises(InputError, match=r"accepted: flatten.*, embedding, dense"):
        fit(model, ProbeCallback(IMAGES, LABELS, embed="code"))
