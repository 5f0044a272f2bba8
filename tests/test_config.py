"""The flags' meaning, and the line for each that cannot be."""

import pytest

from tfdeepsim.config import DEFAULT_COMPARATOR, DEFAULT_LAMBDA_KL, TrainConfig
from tfdeepsim.errors import InputError

PERCEPTUAL = {"loss": "perceptual", "comparator": "random_alexnet:relu2"}


@pytest.mark.parametrize(
    ("flags", "weights"),
    [
        ({}, {"image": 1.0}),
        ({"loss": "l1"}, {"image": 1.0}),
        (PERCEPTUAL, {"feature": 1.0}),
        ({"model": "vae"}, {"image": 1.0, "kl": DEFAULT_LAMBDA_KL}),
        ({**PERCEPTUAL, "model": "vae", "lambda_kl": 0.5}, {"feature": 1.0, "kl": 0.5}),
        ({**PERCEPTUAL, "lambda_img": 0.25}, {"feature": 1.0, "image": 0.25}),
        ({"model": "vae", "lambda_kl": 0.0}, {"image": 1.0}),
    ],
)
def test_loss_weights(flags, weights):
    assert TrainConfig(**flags).loss_weights == weights


def test_loss_name_tells_other_weights():
    assert TrainConfig(**PERCEPTUAL).loss_name == "perceptual"
    assert TrainConfig(model="vae", lambda_kl=0.3).loss_name == "pixel"
    assert TrainConfig(**PERCEPTUAL, lambda_img=0.25).loss_name == "custom"
    assert TrainConfig(loss="l1").image_loss == "l1"


def test_defaults_that_depend_on_others():
    assert TrainConfig(loss="perceptual").comparator == DEFAULT_COMPARATOR
    assert TrainConfig().comparator is None
    assert TrainConfig().learning_rate == 1e-3
    assert TrainConfig(task="comparator", comparator="alexnet").learning_rate == 5e-4
    assert TrainConfig(learning_rate=0.1).learning_rate == 0.1


def test_round_trip():
    config = TrainConfig(**PERCEPTUAL, model="vae", steps=7)
    assert TrainConfig.from_dict(config.to_dict()) == config
    with pytest.raises(InputError, match=r"unknown field.*colour"):
        TrainConfig.from_dict({"colour": 1})


@pytest.mark.parametrize(("flags", "steps"), [({}, 500), ({"epochs": 3}, 30), ({"steps": 7}, 7)])
def test_total_steps(flags, steps):
    assert TrainConfig(**flags).total_steps(steps_per_epoch=10) == steps


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"loss": "psychic"}, "unknown --loss: got psychic; accepted: pixel, l1, perceptual"),
        ({"model": "gan"}, "unknown --model: got gan"),
        ({"latent_dim": 0}, "--latent-dim is out of range: got 0; accepted: 1 or more"),
        ({"latent_dim": -3}, "got -3"),
        ({"epochs": 0}, "--epochs is out of range: got 0"),
        ({"learning_rate": 0.0}, "--learning-rate"),
        ({"learning_rate": float("nan")}, "--learning-rate"),
        ({"lambda_img": float("inf")}, "--lambda-img"),
        ({"seed": -1}, "--seed"),
        ({"epochs": 1, "steps": 1}, "--epochs and --steps exclude each other"),
        ({"lambda_kl": 0.1}, "--lambda-kl needs a posterior"),
        ({"lambda_img": 0.0}, "no term left"),
        ({"surrogate_classes": 5}, "--surrogate-classes is for a comparator's training"),
        ({"layer_weights": "1,2"}, "--layer-weights is used by the feature term alone"),
        ({"task": "comparator"}, "got no --comparator; accepted: alexnet, exemplar_cnn, videonet"),
        ({"task": "comparator", "comparator": "alexnet:relu2"}, "got --comparator alexnet:relu2"),
        ({"task": "comparator", "comparator": "random_alexnet"}, "can be trained here"),
        ({"task": "comparator", "comparator": "alexnet", "loss": "l1"}, "--loss is for autoencoders"),
        ({"task": "comparator", "comparator": "alexnet", "surrogate_classes": 5}, "is for patches of images"),
        ({"comparator": "random_alexnet:relu2"}, "--comparator is used by the feature term alone"),
        ({"comparator_weights": "x.pth"}, "--comparator-weights is used by the feature term alone"),
        ({"feature_activation": "sigmoid"}, "--feature-activation is used by the feature term alone"),
    ],
)
def test_bad_flags(flags, message):
    with pytest.raises(InputError) as caught:
        TrainConfig(**flags)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
