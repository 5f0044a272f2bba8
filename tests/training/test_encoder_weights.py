"""An encoder whose training starts from the bundled AlexNet."""

import dataclasses
import functools
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import rich.console

from tfdeepsim.commands import train
from tfdeepsim.comparators import make_comparator
from tfdeepsim.config import TrainConfig
from tfdeepsim.data import describe
from tfdeepsim.data.splits.split import Split
from tfdeepsim.embed import load_encoder
from tfdeepsim.errors import InputError
from tfdeepsim.export import export, load_generator
from tfdeepsim.files import write_json
from tfdeepsim.networks import generators
from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder
from tfdeepsim.networks.upconv_generator import UpConvGenerator
from tfdeepsim.run import RunDirectory
from tfdeepsim.training import trainer
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model
from tfdeepsim.training.checkpoint import TrainingProgress
from tfdeepsim.training.encoder_weights import load_alexnet

VAE = {"network": "dosovitskiy", "model": "vae", "latent_dim": 8, "batch_size": 2, "epochs": 1}


@pytest.fixture
def narrow_decoder(monkeypatch):
    """A decoder with few channels, so that the tests are fast."""
    narrow = functools.partial(UpConvGenerator, width=0.02)
    monkeypatch.setattr(
        generators,
        "UpConvGenerator",
        lambda latent, image_shape, width: narrow(latent, image_shape),
    )


def photographs(count, side=64, seed=0):
    """Noise whose spectrum falls with the frequency, as that of photographs does."""
    generator = np.random.default_rng(seed)
    spectrum = np.fft.fft2(generator.normal(size=(count, side, side, 3)), axes=(1, 2))
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    spectrum /= np.maximum(frequencies, 1 / side)[None, :, :, None]
    noise = np.fft.ifft2(spectrum, axes=(1, 2)).real
    return np.clip(0.5 + 0.2 * noise / noise.std(), 0, 1).astype(np.float32)


def pool5(encoder):
    pools = [x for x in encoder.layers if isinstance(x, keras.layers.MaxPooling2D)]
    return keras.Model(encoder.input, pools[-1].output)


@pytest.mark.parametrize("side", [64, 95])
def test_pool5_is_that_of_the_comparator(side):
    encoder = AlexNetEncoder((side, side, 3), 8, variational=True, as_trained=True)
    before = encoder.layers[-1].get_weights()
    record = load_alexnet(encoder)
    comparator = make_comparator("alexnet:pool5")
    images = photographs(3, side)
    features = comparator(images).numpy()
    assert features.std() > 0.1
    np.testing.assert_allclose(pool5(encoder)(images), features, rtol=1e-4, atol=1e-4)
    assert record == {
        "name": "alexnet",
        "sha256": comparator.sha256,
        "saw_labels": "ImageNet-1k",
    }
    # The layers behind pool5 are new.
    for old, now in zip(before, encoder.layers[-1].get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)


def test_in_the_form_without_weights_of_its_own_features_would_be_others():
    """Why the encoder has another form for these weights."""
    encoder = AlexNetEncoder((64, 64, 3), 8)
    load_alexnet(encoder)
    images = photographs(3)
    ours, theirs = (np.ravel(f(images)) for f in (pool5(encoder), make_comparator("alexnet:pool5")))
    assert np.corrcoef(ours, theirs)[0, 1] < 0.5


def task_of(config):
    images = (255 * photographs(4)).astype(np.uint8)
    split = Split(images, {"label": np.zeros(4, np.int64)})
    described = describe(config.dataset, None, config)
    description = dataclasses.replace(described, splits={"encoder_train": len(images)})
    data = SimpleNamespace(
        splits={"encoder_train": split, "encoder_validation": split}, description=description
    )
    return AutoencoderTask(config, data)


def test_training_starts_from_them_and_changes_all(narrow_decoder):
    task = task_of(TrainConfig(**VAE, encoder_weights="alexnet"))
    model = build_model(task)
    encoder = model.generator.encoder
    images = photographs(2)
    expected = make_comparator("alexnet:pool5")(images)
    np.testing.assert_allclose(pool5(encoder)(images), expected, rtol=1e-4, atol=1e-4)
    assert task.record(model)["encoder_weights"]["saw_labels"] == "ImageNet-1k"
    assert "encoder from the bundled AlexNet" in task.generator_summary()
    assert len(encoder.trainable_variables) == 14
    before = [v.numpy() for v in encoder.trainable_variables]
    model.train_step({"image": images})
    for old, now in zip(before, encoder.trainable_variables, strict=True):
        assert not np.array_equal(old, now), now.path


def test_by_default_weights_are_random():
    task = task_of(TrainConfig(**VAE, width=0.1))
    model = build_model(task)
    assert not model.generator.encoder.as_trained
    assert task.record(model)["encoder_weights"] is None
    assert "AlexNet" not in task.generator_summary()


def test_a_run_is_read_without_reading_the_weights_again(tmp_path, monkeypatch, narrow_decoder):
    config = TrainConfig(**VAE, encoder_weights="alexnet")
    task, run = task_of(config), RunDirectory(tmp_path / "run")
    model = build_model(task)
    run.create()
    quiet = rich.console.Console(quiet=True)
    monkeypatch.setattr(task, "callbacks", lambda run, epochs: [])
    trainer._fit(task, run, model, TrainingProgress(), quiet)
    write_json(run.config, config.to_dict())
    write_json(run.environment, {"dataset": {"image_shape": [64, 64, 3]}})

    def refuse(*arguments):
        raise AssertionError("the weights are read again")

    monkeypatch.setattr("tfdeepsim.comparators.weights.alexnet_convolutions.load_weights", refuse)
    images = photographs(2)
    expected = model.generator.encoder(images)["latent"].numpy()
    generator = load_generator(run)
    np.testing.assert_array_equal(generator.encoder(images)["latent"], expected)
    export(run)
    np.testing.assert_allclose(load_encoder(run.encoder).embed(images), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "changed",
    [
        {"width": 0.5},
        {"model": "ae", "latent_dim": 64},
        {"network": "pihlgren"},
    ],
)
def test_another_encoder_is_refused(changed):
    message = (
        r"AlexNet's convolutions: got --network \w+ --model \w+ --width [\d.]+; "
        "accepted: --network dosovitskiy --model vae --width 1"
    )
    with pytest.raises(InputError, match=message):
        TrainConfig(**{**VAE, "encoder_weights": "alexnet", **changed})


@pytest.mark.parametrize(
    ("weights", "message"),
    [("vgg16", "unknown --encoder-weights: got vgg16"), ("alexnet", "got --network pihlgren")],
)
def test_the_command_refuses_in_one_line(weights, message, tmp_path, capsys):
    argv = ["--encoder-weights", weights, "--run-dir", str(tmp_path / "run")]
    assert train.main(argv) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]


def test_other_tasks_have_no_such_encoder():
    with pytest.raises(InputError, match="--encoder-weights is for autoencoders"):
        TrainConfig(task="inversion", invert="alexnet:pool5", encoder_weights="alexnet")


def test_earlier_runs_started_from_random_weights():
    fields = TrainConfig(**VAE).to_dict()
    del fields["encoder_weights"]
    assert TrainConfig.from_dict(fields).encoder_weights == "random"
