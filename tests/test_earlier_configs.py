"""Configs of runs that earlier versions trained mean what they meant."""

import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.options import current_names

PERCEPTUAL = {"loss": "perceptual", "comparator": "random_alexnet:relu2"}
INVERSION = {"task": "inversion", "invert": "alexnet:pool5"}
PAPER = {"loss": "deepsim", "lambda_units": "paper"}


def test_runs_of_earlier_versions_keep_the_decoder_that_they_were_trained_with():
    fields = TrainConfig().to_dict()
    del fields["decoder_activation"]
    assert TrainConfig.from_dict(fields).decoder_activation == "none"
    fields["network"] = "dosovitskiy"
    assert TrainConfig.from_dict(fields) == TrainConfig(network="dosovitskiy", latent_dim=64)
    fields = TrainConfig(**INVERSION).to_dict()
    del fields["decoder_activation"]
    assert TrainConfig.from_dict(fields) == TrainConfig(**INVERSION)


def test_runs_of_the_first_version_with_relative_errors_keep_their_image_weight():
    fields = TrainConfig(loss="deepsim").to_dict()
    assert TrainConfig.from_dict(fields).loss_weights["image"] == 20.0
    del fields["label_type"]
    assert TrainConfig.from_dict(fields).loss_weights["image"] == 5.0
    assert TrainConfig.from_dict(fields | {"lambda_img": 3.0}).loss_weights["image"] == 3.0


@pytest.mark.parametrize(
    ("flags", "weights"),
    [
        ({"loss": "deepsim"}, {"feature": 1.0, "adversarial": 0.1, "image": 10.0}),
        ({**INVERSION, "loss": "deepsim"}, {"feature": 1.0, "adversarial": 0.1, "image": 10.0}),
        ({"loss": "deepsim", "lambda_feat": 0.0}, {"adversarial": 0.1, "image": 10.0}),
        (
            {"loss": "deepsim", "lambda_feat": 0.0, "lambda_img": 3.0},
            {"adversarial": 0.1, "image": 3.0},
        ),
        (PERCEPTUAL, {"feature": 1.0}),
        (PAPER, {"feature": 0.01, "adversarial": 100.0, "image": 2e-6}),
        ({}, {"image": 1.0}),
    ],
)
def test_runs_of_earlier_versions_keep_their_absolute_feature_errors_and_weights(flags, weights):
    fields = TrainConfig(**flags).to_dict()
    del fields["feature_scale"]
    config = TrainConfig.from_dict(fields)
    assert config.loss_weights == weights
    assert config.feature_scale == ("absolute" if "feature" in weights else None)
    assert config.decoder_activation == "relu"
    # Read again, as when a run is resumed.
    assert TrainConfig.from_dict(config.to_dict()) == config
    if flags.get("lambda_feat") != 0:
        assert config.loss_name == flags.get("loss", "pixel")


@pytest.mark.parametrize(
    ("given", "weights"),
    [
        ({"lambda_img": None}, {"image": 1.0}),
        ({"lambda_img": None, "model": "vae", "latent_dim": 4}, {"image": 1.0, "kl": 0.0005}),
        (
            {"lambda_img": None, "loss": "perceptual", "comparator": "random_alexnet:relu2"},
            {"feature": 1.0},
        ),
    ],
)
def test_runs_of_earlier_versions_in_the_papers_units_are_read(given, weights):
    fields = TrainConfig(lambda_units="paper", lambda_img=2e-6).to_dict()
    del fields["feature_scale"]
    config = TrainConfig.from_dict(fields | given)
    assert config.loss_weights == weights
    assert config.loss_name == given.get("loss", "pixel")


def test_fields_of_earlier_versions():
    config = TrainConfig(**INVERSION, external_range="0-255")
    fields = config.to_dict()
    fields["foreign_range"] = fields.pop("external_range")
    assert TrainConfig.from_dict(fields) == config
    assert current_names(fields) == config.to_dict()
    assert current_names(config.to_dict()) == config.to_dict()
