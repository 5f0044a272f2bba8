"""The flags' meaning, and the line for each that cannot be."""

import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import DEFAULT_COMPARATOR, DEFAULT_LAMBDA_KL
from tfdeepsim.errors import InputError
from tfdeepsim.networks.generators import check_generator

PERCEPTUAL = {"loss": "perceptual", "comparator": "random_alexnet:relu2"}
COMPARATOR = {"task": "comparator", "comparator": "alexnet"}
INVERSION = {"task": "inversion", "invert": "alexnet:pool5"}
PAPER = {"loss": "deepsim", "lambda_units": "paper"}


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
        ({"loss": "deepsim"}, {"feature": 1.0, "adversarial": 0.01, "image": 20.0}),
        ({"loss": "deepsim", "lambda_adv": 0.0}, {"feature": 1.0, "image": 20.0}),
        (
            {"loss": "deepsim", "feature_scale": "absolute"},
            {"feature": 1.0, "adversarial": 0.1, "image": 10.0},
        ),
        ({"lambda_adv": 0.5}, {"image": 1.0, "adversarial": 0.5}),
        (PAPER, {"feature": 0.01, "adversarial": 100.0, "image": 2e-6}),
        ({**PAPER, "lambda_adv": 3.0}, {"feature": 0.01, "adversarial": 3.0, "image": 2e-6}),
        # A sum over 4 dimensions of what is otherwise a mean.
        (
            {**PAPER, "model": "vae", "latent_dim": 4},
            {"feature": 0.01, "adversarial": 100.0, "image": 2e-6, "kl": DEFAULT_LAMBDA_KL / 4},
        ),
        (INVERSION, {"image": 1.0}),
        (
            {**INVERSION, "loss": "deepsim", "noise_dim": 4, "lambda_diversity": 0.5},
            {"feature": 1.0, "adversarial": 0.01, "image": 20.0, "diversity": 0.5},
        ),
        ({**INVERSION, "lambda_diversity": 0.0}, {"image": 1.0}),
        # The paper's units know no diversity.
        (
            {**INVERSION, **PAPER, "noise_dim": 4, "lambda_diversity": 0.5},
            {"feature": 0.01, "adversarial": 100.0, "image": 2e-6, "diversity": 0.5},
        ),
        # Only `deepsim` has weights of its own in the paper's units.
        ({"lambda_units": "paper", "lambda_img": 2e-6}, {"image": 2e-6}),
        (
            {"lambda_units": "paper", "model": "vae", "lambda_img": 2e-6, "lambda_kl": 1e-3},
            {"image": 2e-6, "kl": 1e-3},
        ),
    ],
)
def test_loss_weights(flags, weights):
    assert TrainConfig(**flags).loss_weights == weights


def test_loss_name_tells_other_weights():
    assert TrainConfig(**PERCEPTUAL).loss_name == "perceptual"
    assert TrainConfig(model="vae", lambda_kl=0.3).loss_name == "pixel"
    assert TrainConfig(**PERCEPTUAL, lambda_img=0.25).loss_name == "custom"
    assert TrainConfig(loss="l1").image_loss == "l1"


def test_loss_name_of_adversarial_training():
    assert TrainConfig(loss="deepsim").loss_name == TrainConfig(**PAPER).loss_name == "deepsim"
    assert TrainConfig(loss="deepsim", lambda_adv=0.01).loss_name == "deepsim"
    assert TrainConfig(loss="deepsim", lambda_adv=0.1).loss_name == "custom"
    assert TrainConfig(loss="deepsim", feature_scale="absolute").loss_name == "deepsim"
    assert TrainConfig(loss="deepsim", model="vae").loss_name == "deepsim"
    assert TrainConfig(loss="deepsim", lambda_adv=0.0).loss_name == "custom"
    assert TrainConfig(**PAPER, lambda_img=10.0).loss_name == "custom"
    assert TrainConfig(lambda_adv=0.1).loss_name == "custom"
    assert TrainConfig(loss="deepsim").image_loss == "l2"


def test_loss_name_of_inversions():
    noisy = {**INVERSION, "noise_dim": 4, "lambda_diversity": 0.5}
    assert TrainConfig(**INVERSION, loss="deepsim").loss_name == "deepsim"
    assert TrainConfig(**noisy, loss="deepsim").loss_name == "deepsim"
    assert TrainConfig(**noisy).loss_name == "pixel"
    assert TrainConfig(**noisy, loss="deepsim", lambda_img=0.0).loss_name == "custom"


def test_defaults_of_inversions():
    config = TrainConfig(**INVERSION)
    assert (config.noise_dim, config.lambda_diversity, config.external_range) == (0, None, "0-1")
    # An inversion has no embedding, and no comparator without a feature term.
    assert config.latent_dim is None
    assert config.comparator is None
    assert config.learning_rate == 1e-3
    deepsim = TrainConfig(**INVERSION, loss="deepsim")
    assert (deepsim.comparator, deepsim.learning_rate) == (DEFAULT_COMPARATOR, 2e-4)
    assert TrainConfig(**INVERSION, width=0.5).width == 0.5


def test_minutes_between_checkpoints():
    assert TrainConfig().checkpoint_minutes == 10.0
    assert TrainConfig(checkpoint_minutes=0.0).checkpoint_minutes == 0
    for minutes in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match=r"--checkpoint-minutes .* accepted: 0 to 1000000"):
            TrainConfig(checkpoint_minutes=minutes)


def test_learning_rate_of_adversarial_training():
    assert (
        TrainConfig(loss="deepsim").learning_rate
        == TrainConfig(lambda_adv=0.1).learning_rate
        == 2e-4
    )
    assert TrainConfig(loss="deepsim", lambda_adv=0.0).learning_rate == 1e-3
    assert TrainConfig(loss="deepsim", learning_rate=0.1).learning_rate == 0.1


@pytest.mark.parametrize(
    ("flags", "size"),
    [
        ({}, 64),
        ({"model": "vae"}, 64),
        ({"network": "dosovitskiy"}, 512),
        ({"network": "dosovitskiy", "width": 0.25}, 512),
        ({"network": "dosovitskiy", "image_size": 96}, 8 * 12 * 12),
        ({"network": "dosovitskiy", "model": "vae"}, 4096),
        ({"network": "dosovitskiy", "model": "vae", "width": 0.25}, 1024),
        ({"network": "dosovitskiy", "latent_dim": 128}, 128),
    ],
)
def test_latent_size_is_that_of_the_networks_paper(flags, size):
    config = TrainConfig(**flags)
    assert config.latent_dim == size
    shape = (config.image_size or 64,) * 2 + (3,)
    check_generator(config.network, shape, size, config.model == "vae", config.width)


def test_defaults_that_depend_on_others():
    assert TrainConfig(loss="perceptual").comparator == DEFAULT_COMPARATOR
    assert TrainConfig().comparator is None
    assert TrainConfig().learning_rate == 1e-3
    assert TrainConfig(task="comparator", comparator="alexnet").learning_rate == 5e-4
    assert TrainConfig(learning_rate=0.1).learning_rate == 0.1


def test_round_trip():
    config = TrainConfig(**PERCEPTUAL, model="vae", steps=7)
    assert TrainConfig.from_dict(config.to_dict()) == config
    config = TrainConfig(
        **PAPER, network="dosovitskiy", gate="hysteresis", schedule="halving", augment="flip"
    )
    assert TrainConfig.from_dict(config.to_dict()) == config
    config = TrainConfig(
        **INVERSION,
        invert_weights="w.npy",
        external_range="0-255",
        noise_dim=3,
        lambda_diversity=0.1,
    )
    assert TrainConfig.from_dict(config.to_dict()) == config
    with pytest.raises(InputError, match=r"unknown field.*colour"):
        TrainConfig.from_dict({"colour": 1})


def test_scale_of_feature_errors():
    assert TrainConfig(**PERCEPTUAL).feature_scale == "relative"
    assert TrainConfig(**INVERSION, loss="deepsim").feature_scale == "relative"
    assert TrainConfig(**PERCEPTUAL, feature_scale="absolute").feature_scale == "absolute"
    assert TrainConfig(**PAPER).feature_scale == "absolute"
    assert TrainConfig(**PAPER, feature_scale="absolute").feature_scale == "absolute"
    # Without a feature term there is nothing to scale.
    assert TrainConfig().feature_scale is None
    assert TrainConfig(loss="deepsim", lambda_feat=0.0).feature_scale is None
    assert TrainConfig(**COMPARATOR).feature_scale is None


@pytest.mark.parametrize(("flags", "steps"), [({}, 500), ({"epochs": 3}, 30), ({"steps": 7}, 7)])
def test_total_steps(flags, steps):
    assert TrainConfig(**flags).total_steps(steps_per_epoch=10) == steps


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"loss": "psychic"}, "unknown --loss: got psychic; accepted: pixel, l1, perceptual"),
        ({"model": "gan"}, "unknown --model: got gan"),
        ({"latent_dim": 0}, "--latent-dim is out of range: got 0; accepted: 1 to 2147483647"),
        ({"latent_dim": -3}, "got -3"),
        ({"epochs": 0}, "--epochs is out of range: got 0"),
        ({"learning_rate": 0.0}, "--learning-rate"),
        ({"learning_rate": float("nan")}, "--learning-rate"),
        ({"lambda_img": float("inf")}, "--lambda-img"),
        ({"lambda_img": 1e38}, "--lambda-img is out of range"),
        ({"lambda_img": 1e-38}, "--lambda-img is out of range"),
        ({"learning_rate": 1e39}, "--learning-rate is out of range"),
        ({"epochs": 10**30}, "--epochs is out of range"),
        ({"adversarial_start": 2**31}, "--adversarial-start is out of range"),
        ({"image_size": 10**9}, "--image-size is out of range: got 1000000000; accepted: 8 to"),
        (
            {"task": "comparator", "comparator": "exemplar_cnn", "surrogate_classes": 10**9},
            "--surrogate-classes is out of range",
        ),
        ({"seed": -1}, "--seed"),
        ({"epochs": 1, "steps": 1}, "--epochs and --steps exclude each other"),
        ({"lambda_kl": 0.1}, "--lambda-kl needs a posterior"),
        ({"lambda_img": 0.0}, "no term left"),
        ({"surrogate_classes": 5}, "--surrogate-classes is for a comparator's training"),
        ({"layer_weights": "1,2"}, "--layer-weights is used by the feature term alone"),
        ({"task": "comparator"}, "got no --comparator; accepted: alexnet, exemplar_cnn, videonet"),
        ({"task": "comparator", "comparator": "alexnet:relu2"}, "got --comparator alexnet:relu2"),
        ({"task": "comparator", "comparator": "random_alexnet"}, "can be trained here"),
        ({"task": "comparator", "comparator": "alexnet", "loss": "l1"}, "--loss is for generators"),
        (
            {"task": "comparator", "comparator": "alexnet", "surrogate_classes": 5},
            "is for patches of images",
        ),
        ({"comparator": "random_alexnet:relu2"}, "--comparator is used by the feature term alone"),
        ({"comparator_weights": "x.pth"}, "--comparator-weights is used by the feature term alone"),
        (
            {"feature_activation": "sigmoid"},
            "--feature-activation is used by the feature term alone",
        ),
        ({"gate": "open"}, "unknown --gate: got open; accepted: paper, hysteresis, off"),
        (
            {"gate": "off"},
            "--gate is for adversarial training: got --gate off; accepted: --loss deepsim",
        ),
        (
            {"loss": "deepsim", "lambda_adv": 0.0, "gate": "off"},
            "--gate is for adversarial training",
        ),
        (
            {"lambda_adv": -0.1},
            r"--lambda-adv is out of range: got -0.1; accepted: 0, or 1e-12 to 1e+12",
        ),
        ({"lambda_adv": float("nan")}, "--lambda-adv is out of range"),
        ({"lambda_adv": 1.0, "lambda_img": 0.0}, "no term left"),
        (
            {**PAPER, "feature_scale": "relative"},
            "in the paper's units feature errors are absolute: "
            "got --lambda-units paper --feature-scale relative",
        ),
        ({**PERCEPTUAL, "feature_scale": "huge"}, "unknown --feature-scale: got huge"),
        ({"feature_scale": "absolute"}, "--feature-scale is used by the feature term alone"),
        ({**COMPARATOR, "feature_scale": "absolute"}, "--feature-scale is for generators"),
        (
            {"lambda_units": "paper"},
            "--lambda-units paper has weights of its own for --loss deepsim alone: "
            "got --loss pixel without --lambda-img; accepted: --lambda-img in "
            "the paper's units, or --lambda-units mean",
        ),
        ({"lambda_units": "paper", "loss": "l1"}, "got --loss l1 without --lambda-img"),
        (
            {**PERCEPTUAL, "lambda_units": "paper"},
            "got --loss perceptual without --lambda-feat",
        ),
        (
            {"lambda_units": "paper", "model": "vae"},
            "got --loss pixel without --lambda-img and --lambda-kl",
        ),
        (
            {"lambda_units": "paper", "model": "vae", "lambda_img": 2e-6},
            "got --loss pixel without --lambda-kl",
        ),
        ({**INVERSION, "lambda_units": "paper"}, "got --loss pixel without --lambda-img"),
        ({"lambda_units": "sum"}, "unknown --lambda-units: got sum; accepted: mean, paper"),
        (
            {"network": "inception"},
            "unknown --network: got inception; accepted: pihlgren, dosovitskiy",
        ),
        ({"schedule": "cosine"}, "unknown --schedule"),
        ({"width": 0.5}, "--width is for the networks of Dosovitskiy & Brox: got --width 0.5"),
        ({"network": "dosovitskiy", "width": 0.0}, "--width is out of range: got 0.0"),
        ({"network": "dosovitskiy", "width": 4.5}, "--width is out of range"),
        ({"augment": "rotate"}, "unknown --augment: got rotate"),
        ({"augment": "crop"}, "--augment crop cuts random squares from larger images"),
        ({"augment": "crop", "image_size": 64}, "got --shorter-side None, --image-size 64"),
        ({"augment": "crop+flip", "shorter_side": 64, "image_size": 64}, "--augment crop cuts"),
        (
            {"augment": "crop", "shorter_side": 96},
            "accepted: for example --shorter-side 96 --image-size 64",
        ),
        ({**COMPARATOR, "network": "dosovitskiy"}, "--network is for autoencoders"),
        ({**COMPARATOR, "gate": "off"}, "--gate is for generators"),
        ({**COMPARATOR, "lambda_adv": 1.0}, "--lambda-adv is for generators"),
        ({**COMPARATOR, "augment": "flip"}, "--augment is for generators"),
        (
            {"task": "inversion"},
            "--task inversion needs the network that is inverted: got no --invert",
        ),
        (
            {"task": "decoder"},
            "unknown --task: got decoder; accepted: autoencoder, inversion, comparator",
        ),
        ({"invert": "alexnet:fc6"}, "--invert is for inversions: got --invert alexnet:fc6"),
        ({"invert_weights": "w.npy"}, "--invert-weights is for inversions"),
        ({"external_range": "0-255"}, "--external-range is for inversions"),
        (
            {"noise_dim": 3},
            "--noise-dim is for inversions: got --noise-dim 3; accepted: --task inversion",
        ),
        ({"lambda_diversity": 0.1}, "--lambda-diversity is for inversions"),
        ({**COMPARATOR, "invert": "alexnet:fc6"}, "--invert is for inversions"),
        ({**COMPARATOR, "noise_dim": 3}, "--noise-dim is for inversions"),
        ({**COMPARATOR, "lambda_diversity": 0.1}, "--lambda-diversity is for inversions"),
        ({**INVERSION, "lambda_diversity": 0.1}, "images of different noise: got no --noise-dim"),
        (
            {**INVERSION, "lambda_diversity": -0.1, "noise_dim": 3},
            "--lambda-diversity is out of range",
        ),
        (
            {**INVERSION, "noise_dim": -1},
            "--noise-dim is out of range: got -1; accepted: 0 to 2147483647",
        ),
        ({**INVERSION, "external_range": "0-7"}, "unknown --external-range: got 0-7"),
        ({**INVERSION, "network": "dosovitskiy"}, "--network is for autoencoders"),
        ({**INVERSION, "model": "vae"}, "--model is for autoencoders"),
        ({**INVERSION, "latent_dim": 8}, "--latent-dim is for autoencoders: got --latent-dim 8"),
        ({**INVERSION, "lambda_kl": 0.1}, "--lambda-kl is for autoencoders"),
        ({**INVERSION, "probe_every": 1}, "--probe-every is for autoencoders"),
        ({**INVERSION, "choose_by": "probe"}, "--choose-by is for autoencoders"),
        (
            {**INVERSION, "surrogate_classes": 5},
            "--surrogate-classes is for a comparator's training",
        ),
        ({**INVERSION, "gate": "off"}, "--gate is for adversarial training"),
        ({**INVERSION, "lambda_img": 0.0}, "no term left"),
        (
            {**INVERSION, "lambda_img": 0.0, "noise_dim": 3, "lambda_diversity": 1.0},
            "no term left",
        ),
        (
            {**INVERSION, "comparator": "alexnet:relu2"},
            "--comparator is used by the feature term alone",
        ),
    ],
)
def test_bad_flags(flags, message):
    with pytest.raises(InputError) as caught:
        TrainConfig(**flags)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_width_and_crops_that_are_allowed():
    for flags in ({"network": "dosovitskiy"}, {"lambda_adv": 1.0}, {"loss": "deepsim"}):
        assert TrainConfig(**flags, width=0.5).width == 0.5
    assert TrainConfig(augment="crop+flip", shorter_side=96, image_size=64).augment == "crop+flip"
    assert TrainConfig(augment="flip").shorter_side is None
