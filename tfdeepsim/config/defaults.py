"""Default values of a training run, the choices of its fields, and which fields belong to what."""

from tfdeepsim import options
from tfdeepsim.options import INPUT_RANGES
from tfdeepsim.units import UNITS

LOSSES = {
    "pixel": {"image": 1.0},
    "l1": {"image": 1.0},
    "perceptual": {"feature": 1.0},
    "deepsim": {"feature": 1.0, "adversarial": 0.01, "image": 20.0},
}
"""Weights of the terms that each `--loss` stands for; the terms are those of `losses`.

Those of `deepsim` are for relative feature errors, chosen on validation images: see the table in
docs/deepsim.md."""
FIRST_RELATIVE_DEEPSIM = {"image": 5.0}
"""Weights of the first version with relative feature errors that were others than now."""
ABSOLUTE_DEEPSIM = {"feature": 1.0, "adversarial": 0.1, "image": 10.0}
"""Weights of `--loss deepsim --feature-scale absolute`: those of earlier versions."""
LAMBDAS = {
    "feature": "lambda_feat",
    "adversarial": "lambda_adv",
    "image": "lambda_img",
    "kl": "lambda_kl",
    "diversity": "lambda_diversity",
}
"""Field of the weight of each term."""
PAPER_DEEPSIM = {"feature": 0.01, "adversarial": 100.0, "image": 2e-6}
"""Weights of `--loss deepsim --lambda-units paper`: those in the released training files of
Dosovitskiy & Brox 2016."""
SHARES_DEEPSIM = {"feature": 0.6, "adversarial": 0.1, "image": 0.3}
"""Shares of `--loss deepsim --lambda-units shares`; not tuned."""

DEFAULT_COMPARATOR = "alexnet:relu2"
"""Comparator of a feature loss for which none is named; its weights are bundled."""
DISCRIMINATOR = "discriminator"
"""Name of the comparator that is the discriminator itself."""
DISCRIMINATOR_LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5")
"""Layers of the discriminator whose features can be compared."""
EXTERNAL = "external:"
"""Prefix of the name of a comparator in a `.keras` file."""
DEFAULT_RANGE = "0-1"
"""Values of black and white that an external network expects, unless a flag says otherwise."""
DEFAULT_LAMBDA_KL = 0.002
"""Twice γ = 0.001 in the code of Pihlgren et al. 2020, whose KL term lacks the ½ of eq. (7)."""
DEFAULT_SURROGATE_CLASSES = 500
LEARNING_RATE = 1e-3
ADVERSARIAL_LEARNING_RATE = 2e-4
"""Dosovitskiy & Brox 2016, section 3.2."""
LATENT_DIM = 64
CODE_CHANNELS, FULLY_CONNECTED = 8, 4096
"""Dosovitskiy & Brox 2016: channels of the code of Table 2, a map with an eighth of the image's
sides; and features of fc6."""

TRAINABLE = {"alexnet": 5e-4, "exemplar_cnn": 5e-4, "videonet": 2e-4}
"""Comparators that `--task comparator` trains (from labels, from patches of images, from frames of
rollouts), and the learning rate of each. It is low since none has batch normalization: videonet
collapses at a higher one."""

MOST = 2**31 - 1
"""Largest number of anything that is counted."""
MOST_SURROGATE_CLASSES = 1_000_000
LEAST_FACTOR, LARGEST_FACTOR = 1e-12, 1e12
"""Factors of terms and of steps: the squares of their gradients, which Adam keeps, are float32."""

COUNTS = ("latent_dim", "epochs", "steps", "batch_size", "patience", "probe_every")
"""Fields that are 1 or more."""
FEATURE_FIELDS = (
    "comparator",
    "comparator_weights",
    "comparator_input",
    "comparator_range",
    "comparator_saw_labels",
    "layer_weights",
    "feature_normalization",
    "feature_activation",
    "feature_scale",
    "keep_features",
)
"""Fields of the feature term."""
INVERSION_FIELDS = ("invert", "invert_weights", "external_range", "noise_dim", "lambda_diversity")
"""Fields of `--task inversion` alone."""
ADVERSARIAL_FIELDS = ("adversarial_start", "discriminator_weight_decay")
"""Fields of the adversarial term."""
GENERATOR_FIELDS = (
    "width",
    "loss",
    "lambda_feat",
    "lambda_adv",
    "lambda_img",
    "lambda_units",
    "gate",
    *ADVERSARIAL_FIELDS,
    "schedule",
    "augment",
    *FEATURE_FIELDS[1:],
)
"""Fields of the tasks that train a generator, `autoencoder` and `inversion`."""
AUTOENCODER_FIELDS = (
    "network",
    "encoder_weights",
    "decoder_activation",
    "model",
    "latent_dim",
    "lambda_kl",
    "probe_every",
    "choose_by",
)
"""Fields of `--task autoencoder` alone."""

CHOICES = options.CHOICES | {
    "task": ("autoencoder", "inversion", "comparator"),
    "network": ("pihlgren", "dosovitskiy"),
    "encoder_weights": ("random", "alexnet"),
    "decoder_activation": ("relu", "none"),
    "convolutions": ("random", "frozen", "finetuned"),
    "model": ("ae", "vae"),
    "lambda_units": UNITS,
    "gate": ("paper", "hysteresis", "off"),
    "schedule": ("constant", "halving"),
    "augment": ("none", "flip", "crop", "crop+flip"),
    "loss": tuple(LOSSES),
    "comparator_input": ("imagenet", "raw"),
    "feature_activation": ("none", "sigmoid"),
    "feature_normalization": ("none", "channel"),
    "feature_scale": ("relative", "absolute"),
    "keep_features": ("off", "on", "auto"),
    "precision": ("float32", "mixed_bfloat16", "mixed_float16"),
    "jit": ("auto", "on", "off"),
    "strategy": ("auto", "single", "mirrored", "multiworker"),
    "choose_by": ("loss", "probe"),
    "external_range": tuple(INPUT_RANGES),
    "comparator_range": tuple(INPUT_RANGES),
}


def in_proportion(factor: float) -> bool:
    """Whether float32 can hold the square of what is multiplied by a factor."""
    return LEAST_FACTOR <= factor <= LARGEST_FACTOR


def latent_dim_of(network: str, model: str, width: float, image_size: int | None) -> int:
    """Size of the embedding in the paper of a network; arguments are fields of the config."""
    if network == "pihlgren":
        return LATENT_DIM
    if model == "vae":
        return max(1, round(FULLY_CONNECTED * width))
    return CODE_CHANNELS * ((image_size or 64) // 8) ** 2
