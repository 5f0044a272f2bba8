"""The configuration of a training run: every flag of train.py, checked as far as flags alone can
be."""

import dataclasses
import math
from typing import Any, get_type_hints

from tfdeepsim.config.adversarial_fields import check_adversarial_fields
from tfdeepsim.config.changed import refuse_changed
from tfdeepsim.config.comparator_fields import (
    check_comparator_task,
    check_external_fields,
    check_kept_features,
    check_paper_units,
)
from tfdeepsim.config.defaults import (
    ABSOLUTE_DEEPSIM,
    ADVERSARIAL_FIELDS,
    ADVERSARIAL_LEARNING_RATE,
    AUTOENCODER_FIELDS,
    CHOICES,
    COUNTS,
    DEFAULT_COMPARATOR,
    DEFAULT_LAMBDA_KL,
    DEFAULT_RANGE,
    FEATURE_FIELDS,
    INVERSION_FIELDS,
    LAMBDAS,
    LARGEST_FACTOR,
    LEARNING_RATE,
    LEAST_FACTOR,
    LOSSES,
    MOST,
    MOST_SURROGATE_CLASSES,
    PAPER_DEEPSIM,
    SHARES_DEEPSIM,
    TRAINABLE,
    in_proportion,
    latent_dim_of,
)
from tfdeepsim.config.earlier import as_trained
from tfdeepsim.errors import InputError
from tfdeepsim.json_fields import check_fields
from tfdeepsim.options import DataOptions, current_names


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig(DataOptions):
    """The configuration of one training run, with that of its dataset.

    The description of an attribute is the help of its flag.

    Attributes:
        task: What is trained: an autoencoder; the inversion of a network, which is a generator of
            images from its features; or a comparator.
        network: Architecture of encoder and decoder: `pihlgren`, or `dosovitskiy` for Table 2 of
            Dosovitskiy & Brox 2016 (with `--model vae`, AlexNet up to fc6 and Table 5).
        encoder_weights: Weights that the encoder starts from: `random`, or for the VAE of
            `--network dosovitskiy` the convolutions of the bundled `alexnet`.
        decoder_activation: What follows the first dense layer of the decoder of `--network
            pihlgren`: `relu` as in the authors' code, or `none` as in earlier versions.
        width: Factor of the number of channels of `--network dosovitskiy`, of the generator of an
            inversion, and of the discriminator.
        model: Kind of autoencoder: `ae` for a plain one, `vae` for a variational one.
        latent_dim: Size of the embedding (default: that of the network's paper, 64 for pihlgren).
        invert: Network to invert: NAME:LAYER of a comparator, or the path of a SavedModel, `.keras`
            file or run.
        invert_weights: Weights of the comparator to invert, as for `--comparator-weights`.
        external_range: Black and white, as an external network that takes floats expects them.
        noise_dim: Size of the noise that the generator of an inversion takes beside the features,
            for several images of the same features.
        loss: Shorthand for the weights of the loss terms.
        lambda_feat: Weight of the feature term (default: that of `--loss`).
        lambda_adv: Weight of the adversarial term (default: that of `--loss`).
        lambda_img: Weight of the image term (default: that of `--loss`).
        lambda_kl: Weight of the KL term of a VAE (default: 0.002 in mean units).
        lambda_diversity: Weight of the difference of images of the same features (default: 0).
        lambda_units: Units of all weights: `mean` over elements, `paper` for the sums of
            Dosovitskiy & Brox 2016, or `shares` of the gradient at the generated image.
        gate: When the discriminator or the generator pauses: as in the `paper`, with a
            `hysteresis`, or never.
        adversarial_start: Optimizer step at which the adversarial term and the discriminator's
            training join.
        discriminator_weight_decay: Factor of the L2 regularization of the discriminator: so many
            times each weight is added to its gradient before Adam, as in Caffe.
        schedule: Learning rate over the steps: `constant`, or `halving` at 30, 50, 70 and 90 %.
        augment: Augmentation of training images: a random flip, a random crop of images of
            `--shorter-side`, or both.
        comparator: Network and layers of the feature term, as NAME:LAYER or NAME:LAYER+LAYER, also
            discriminator:conv5; with `--task comparator`, the NAME of the network to train
            (default: alexnet:relu2).
        comparator_weights: Weights of the comparator: a file, a run of `--task comparator`, or
            `download` (default: the bundled ones).
        comparator_input: Pixels that the comparator takes: scaled by `imagenet`'s mean and
            deviation, or `raw` ones in [0, 1], as in the code of Pihlgren et al. 2020.
        comparator_range: Black and white, as an external comparator expects them.
        comparator_saw_labels: Dataset whose labels an external comparator was trained with, or
            `none`, for the record (default: unknown).
        layer_weights: Weight of each layer in the feature term, e.g. 1,0.5 (default: 1 each).
        feature_normalization: With `channel`, the features of each position are scaled to unit
            length.
        feature_activation: With `sigmoid`, features pass through one, as in Pihlgren et al. 2020.
        feature_scale: Feature errors `relative` to the mean square of each layer's features over
            training images, or `absolute` (default: relative; absolute in the paper's units).
        keep_features: Whether features of training images are computed once and kept in a file of
            the run: `on`, `off`, or `auto` if it fits into memory and on the disk.
        epochs: Passes over the training images (default: 50).
        steps: Number of optimizer steps, in place of `--epochs`.
        batch_size: Number of images in a step.
        learning_rate: Learning rate of Adam (default: 0.001; with an adversarial term 0.0002; for a
            comparator 0.0005, for videonet 0.0002).
        patience: Epochs without a lower validation loss after which training stops (default:
            max(10, epochs / 20)).
        seed: Seed of weights, order of images, noise, and random comparators.
        deterministic: Use deterministic operations: equal runs give equal bits.
        precision: Dtype policy of Keras; the commands take `auto`, too, for the fastest one here.
        jit: Whether XLA compiles the training step: `auto` on a GPU, if it can be compiled.
        checkpoint_minutes: Most minutes of training that a killed run loses: within an epoch, the
            state is saved this often; 0 to save it after each step.
        strategy: Devices to train on: a `single` one, `mirrored` for all of this machine, `auto`
            for all if there are several, `multiworker` for those of all machines in `TF_CONFIG` or
            in the step of Slurm.
        probe_every: Epochs between two scores of a linear probe on the embeddings (default: no
            probe).
        choose_by: What the best weights have: the lowest validation `loss`, or the best score of
            the `probe`.
        surrogate_classes: Number of patches that exemplar_cnn learns to tell apart (default: 500).
        convolutions: Convolutions of a comparator alexnet that is trained: `random` at first, or
            the bundled ones of ImageNet, `frozen` (as in recipes) or `finetuned`.

    Raises:
        InputError: If a value is out of its range, or fields exclude each other.

    Example:
        >>> config = TrainConfig(dataset="llv2", model="vae", loss="perceptual", epochs=20)
        >>> config.loss_weights
        {'feature': 1.0, 'kl': 0.002}
    """

    task: str = "autoencoder"
    network: str = "pihlgren"
    encoder_weights: str = "random"
    decoder_activation: str = "relu"
    width: float = 1.0
    model: str = "ae"
    latent_dim: int = None  # type: ignore[assignment]
    invert: str | None = None
    invert_weights: str | None = None
    external_range: str = DEFAULT_RANGE
    noise_dim: int = 0
    loss: str = "pixel"
    lambda_feat: float | None = None
    lambda_adv: float | None = None
    lambda_img: float | None = None
    lambda_kl: float | None = None
    lambda_diversity: float | None = None
    lambda_units: str = "mean"
    gate: str = "paper"
    adversarial_start: int = 0
    discriminator_weight_decay: float = 0.0
    schedule: str = "constant"
    augment: str = "none"
    comparator: str | None = None
    comparator_weights: str | None = None
    comparator_input: str = "imagenet"
    comparator_range: str = DEFAULT_RANGE
    comparator_saw_labels: str | None = None
    layer_weights: str | None = None
    feature_normalization: str = "none"
    feature_activation: str = "none"
    feature_scale: str | None = None
    keep_features: str = "off"
    epochs: int | None = None
    steps: int | None = None
    batch_size: int = 64
    learning_rate: float = None  # type: ignore[assignment]
    patience: int | None = None
    seed: int = 0
    deterministic: bool = False
    precision: str = "float32"
    jit: str = "auto"
    checkpoint_minutes: float = 10.0
    strategy: str = "auto"
    probe_every: int | None = None
    choose_by: str = "loss"
    surrogate_classes: int | None = None
    convolutions: str = "random"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, accepted in CHOICES.items():
            if name != "feature_scale" or self.feature_scale is not None:
                self._require_choice(name, accepted)
        for name in COUNTS:
            self._require(name, lambda value: 1 <= value <= MOST, f"1 to {MOST}")
        most = MOST_SURROGATE_CLASSES
        self._require("surrogate_classes", lambda value: 2 <= value <= most, f"2 to {most}")
        for name in ("noise_dim", "adversarial_start"):
            self._require(name, lambda value: 0 <= value <= MOST, f"0 to {MOST}")
        self._require("seed", lambda value: 0 <= value < 2**31, "0 to 2147483647")
        self._require("learning_rate", lambda value: 1e-37 <= value <= 1e38, "1e-37 to 1e+38")
        self._require("checkpoint_minutes", lambda value: 0 <= value <= 1e6, "0 to 1000000")
        self._require("width", lambda value: 0 < value <= 4, "a factor above 0, up to 4")
        for name in (*LAMBDAS.values(), "discriminator_weight_decay"):
            self._require(
                name,
                lambda value: value == 0 or in_proportion(value),
                f"0, or {LEAST_FACTOR:g} to {LARGEST_FACTOR:g}",
            )
        if self.epochs is not None and self.steps is not None:
            raise InputError(
                "--epochs and --steps exclude each other", got="both", accepted="one of them"
            )
        if self.jit == "on" and self.deterministic:
            raise InputError(
                "XLA has no deterministic operations",
                got="--jit on --deterministic",
                accepted="one of them",
            )
        # Defaults that depend on other fields are set here, so that a record of a run holds them.
        if self.latent_dim is None and self.task == "autoencoder":
            object.__setattr__(
                self,
                "latent_dim",
                latent_dim_of(self.network, self.model, self.width, self.image_size),
            )
        {
            "autoencoder": self._check_autoencoder,
            "inversion": self._check_inversion,
            "comparator": lambda: check_comparator_task(self),
        }[self.task]()
        if self.learning_rate is None:
            object.__setattr__(self, "learning_rate", self._learning_rate())

    def _learning_rate(self) -> float:
        if self.task == "comparator":
            return TRAINABLE[str(self.comparator)]
        return ADVERSARIAL_LEARNING_RATE if "adversarial" in self.loss_weights else LEARNING_RATE

    def _check_autoencoder(self) -> None:
        if self.lambda_kl is not None and self.model != "vae":
            raise InputError(
                "--lambda-kl needs a posterior", got=f"--model {self.model}", accepted="--model vae"
            )
        if self.choose_by == "probe" and self.probe_every is None:
            raise InputError(
                "--choose-by probe needs scores of a probe",
                got="no --probe-every",
                accepted="--probe-every N, for example 1",
            )
        refuse_changed(self, INVERSION_FIELDS, "is for inversions", "--task inversion")
        encoder = (self.network, self.model, self.width)
        if self.encoder_weights == "alexnet" and encoder != ("dosovitskiy", "vae", 1):
            raise InputError(
                "--encoder-weights alexnet needs an encoder with AlexNet's convolutions",
                got=f"--network {self.network} --model {self.model} --width {self.width:g}",
                accepted="--network dosovitskiy --model vae --width 1",
            )
        if (
            self.network == "pihlgren"
            and self.width != 1
            and "adversarial" not in self.loss_weights
        ):
            raise InputError(
                "--width is for the networks of Dosovitskiy & Brox",
                got=f"--width {self.width:g}",
                accepted="--network dosovitskiy, or an adversarial term",
            )
        self._check_generator_task()

    def _check_inversion(self) -> None:
        if self.invert is None:
            raise InputError(
                "--task inversion needs the network that is inverted",
                got="no --invert",
                accepted="--invert NAME:LAYER, e.g. alexnet:pool5, or the path of a SavedModel",
            )
        refuse_changed(self, AUTOENCODER_FIELDS, "is for autoencoders", "--task autoencoder")
        if self.lambda_diversity and not self.noise_dim:
            raise InputError(
                "--lambda-diversity compares images of different noise",
                got="no --noise-dim",
                accepted="for example --noise-dim 16",
            )
        self._check_generator_task()

    def _check_generator_task(self) -> None:
        of_comparators = ("surrogate_classes", "convolutions")
        refuse_changed(self, of_comparators, "is for a comparator's training", "--task comparator")
        check_paper_units(self)
        weights = self.loss_weights
        if "crop" in self.augment and (self.shorter_side or 0) <= (self.image_size or math.inf):
            raise InputError(
                "--augment crop cuts random squares from larger images",
                got=f"--shorter-side {self.shorter_side}, --image-size {self.image_size}",
                accepted="for example --shorter-side 96 --image-size 64",
            )
        if "adversarial" not in weights:
            accepted = "--loss deepsim, or --lambda-adv above 0"
            names = ("gate", *ADVERSARIAL_FIELDS)
            refuse_changed(self, names, "is for adversarial training", accepted)
        check_adversarial_fields(self)
        if "feature" not in weights and "image" not in weights:
            raise InputError(
                "the loss has no term left", got="all weights 0", accepted="a --lambda above 0"
            )
        if "feature" not in weights:
            accepted = "--loss perceptual, or --lambda-feat above 0"
            refuse_changed(self, FEATURE_FIELDS, "is used by the feature term alone", accepted)
        else:
            if self.comparator is None:
                object.__setattr__(self, "comparator", DEFAULT_COMPARATOR)
            check_external_fields(self)
            check_kept_features(self)
            self._set_feature_scale()

    def _set_feature_scale(self) -> None:
        in_paper_units = self.lambda_units == "paper"
        if in_paper_units and self.feature_scale == "relative":
            raise InputError(
                "in the paper's units feature errors are absolute",
                got="--lambda-units paper --feature-scale relative",
                accepted="one of the two",
            )
        if self.feature_scale is None:
            scale = "absolute" if in_paper_units else "relative"
            object.__setattr__(self, "feature_scale", scale)

    @property
    def loss_weights(self) -> dict[str, float]:
        """Weight of each term whose weight is not 0, by the name of the term, in
        `lambda_units`."""
        weights = {term: getattr(self, name) for term, name in LAMBDAS.items()}
        weights["kl"] = self._lambda_kl()
        shorthand = self._shorthand()
        weights = {
            name: shorthand.get(name) if value is None else value for name, value in weights.items()
        }
        return {name: value for name, value in weights.items() if value}

    def _shorthand(self) -> dict[str, float]:
        if self.loss == "deepsim" and self.lambda_units == "paper":
            return PAPER_DEEPSIM
        if self.loss == "deepsim" and self.lambda_units == "shares":
            return SHARES_DEEPSIM
        if self.loss == "deepsim" and self.feature_scale == "absolute":
            return ABSOLUTE_DEEPSIM
        return LOSSES[self.loss]

    def _lambda_kl(self) -> float | None:
        if self.lambda_kl is not None or self.model == "ae":
            return self.lambda_kl
        return DEFAULT_LAMBDA_KL / (self.latent_dim if self.lambda_units == "paper" else 1)

    @property
    def image_loss(self) -> str:
        """The norm of the image term."""
        return "l1" if self.loss == "l1" else "l2"

    @property
    def loss_name(self) -> str:
        """`loss`, or `custom` if it has other weights than `loss` stands for."""
        beside = ("kl", "diversity")
        weights = {name: value for name, value in self.loss_weights.items() if name not in beside}
        return self.loss if weights == self._shorthand() else "custom"

    def total_steps(self, steps_per_epoch: int) -> int:
        """Number of optimizer steps of the run, unless it stops early.

        Args:
            steps_per_epoch: Number of batches of the training images.
        """
        return self.steps if self.steps is not None else (self.epochs or 50) * steps_per_epoch

    def to_dict(self) -> dict[str, Any]:
        """All fields by their names, as JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """The config whose `to_dict` is `values`, which an earlier version may have written.

        Raises:
            InputError: If a field is unknown, or a value cannot be used.
        """
        values = current_names(values)
        defaults = {field.name: field.default for field in dataclasses.fields(cls)}
        hints = get_type_hints(cls).items()
        # Some fields are unset until the others are known.
        kinds = {name: kind | None if defaults[name] is None else kind for name, kind in hints}
        check_fields(values, kinds, "config.json")
        values = as_trained(values)
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise InputError(
                "unknown field in config.json",
                got=", ".join(unknown),
                accepted=", ".join(sorted(known)),
            )
        return cls(**values)
