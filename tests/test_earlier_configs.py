"""Configs of runs that earlier versions trained mean what they meant."""

from tfdeepsim.config import TrainConfig

INVERSION = {"task": "inversion", "invert": "alexnet:pool5"}


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
