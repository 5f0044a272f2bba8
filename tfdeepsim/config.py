"""What a training run is asked for: every flag of train.py, checked as far as flags alone can be."""

import dataclasses
import math
from typing import Any

from tfdeepsim import options
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions, flag

# --loss NAME as loss weights of the mean-reduced terms (see losses.py), and the norm of the image term.
LOSSES = {
    "pixel": {"image": 1.0},
    "l1": {"image": 1.0},
    "perceptual": {"feature": 1.0},
}
# γ = 0.001 in the code of Pihlgren et al., whose KL lacks the ½ of eq. (7).
DEFAULT_LAMBDA_KL = 0.002

CHOICES = options.CHOICES | {
    "task": ("autoencoder",),
    "model": ("ae", "vae"),
    "loss": tuple(LOSSES),
    "feature_activation": ("none", "sigmoid"),
    "precision": ("float32", "mixed_bfloat16"),
    "strategy": ("auto", "single", "mirrored"),
    "choose_by": ("loss", "probe"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainConfig(DataOptions):
    """One training run, on the data that the inherited attributes name.

    Attributes:
        task: What is trained.
        model: `ae` or `vae`.
        latent_dim: Size of the embedding.
        loss: Shorthand for the loss weights.
        lambda_feat: Weight of the feature term; None for what `loss` says. Mean-reduced units.
        lambda_img: Weight of the image term; None for what `loss` says. Mean-reduced units.
        lambda_kl: Weight of the KL term of a VAE; None for 0.002.
        comparator: `NAME:LAYER`; needed where the feature term has a weight.
        comparator_weights: File with its weights.
        feature_activation: `sigmoid` to pass features through one, as Pihlgren et al. do.
        epochs: Passes over the data; None for 50, or for what `steps` needs.
        steps: Optimizer steps in place of epochs.
        batch_size: Examples a step.
        learning_rate: Of Adam.
        patience: Epochs without a lower validation loss before stopping; None for max(10, epochs / 20).
        seed: Of weights, order of the data, noise, and random comparators.
        deterministic: Whether equal runs must give equal bits.
        precision: Keras dtype policy.
        strategy: `mirrored` for all devices of this machine, `auto` for that where there is more than one.
        probe_every: Epochs between two scores of a linear probe on the embeddings; None for no probe.
        choose_by: Which weights are best: those of the lowest validation `loss`, or the best `probe` score.
    """

    task: str = "autoencoder"
    model: str = "ae"
    latent_dim: int = 64
    loss: str = "pixel"
    lambda_feat: float | None = None
    lambda_img: float | None = None
    lambda_kl: float | None = None
    comparator: str | None = None
    comparator_weights: str | None = None
    feature_activation: str = "none"
    epochs: int | None = None
    steps: int | None = None
    batch_size: int = 64
    learning_rate: float = 1e-3
    patience: int | None = None
    seed: int = 0
    deterministic: bool = False
    precision: str = "float32"
    strategy: str = "auto"
    probe_every: int | None = None
    choose_by: str = "loss"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, accepted in CHOICES.items():
            self._require_choice(name, accepted)
        for name in ("latent_dim", "epochs", "steps", "batch_size", "patience", "probe_every"):
            self._require(name, lambda value: value >= 1, "1 or more")
        self._require("seed", lambda value: 0 <= value < 2**31, "0 to 2147483647")
        self._require("learning_rate", lambda value: 0 < value < math.inf, "a number above 0")
        for name in ("lambda_feat", "lambda_img", "lambda_kl"):
            self._require(name, lambda value: 0 <= value < math.inf, "a number, 0 or more")
        self._refuse_conflicts()

    def _refuse_conflicts(self) -> None:
        if self.epochs is not None and self.steps is not None:
            raise InputError("--epochs and --steps exclude each other", got="both", accepted="one of them")
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
        weights = self.loss_weights
        if "feature" not in weights and "image" not in weights:
            raise InputError("the loss has no term left", got="all weights 0", accepted="a --lambda above 0")
        if "feature" in weights and self.comparator is None:
            raise InputError(
                "a feature loss needs a comparator",
                got=f"--loss {self.loss} without --comparator",
                accepted="--comparator NAME:LAYER, for example random_alexnet:relu2",
            )
        if "feature" not in weights:
            for name in ("comparator", "comparator_weights"):
                if getattr(self, name) is not None:
                    raise InputError(
                        f"{flag(name)} is used by the feature term alone",
                        got=f"--loss {self.loss} without a feature weight",
                        accepted="--loss perceptual, or --lambda-feat above 0",
                    )
            if self.feature_activation != "none":
                raise InputError(
                    "--feature-activation is used by the feature term alone",
                    got=f"--loss {self.loss}",
                    accepted="--loss perceptual, or --lambda-feat above 0",
                )

    @property
    def loss_weights(self) -> dict[str, float]:
        """λ of every term that counts, by the term's name."""
        weights = {
            "feature": self.lambda_feat,
            "image": self.lambda_img,
            "kl": self.lambda_kl if self.lambda_kl is not None or self.model == "ae" else DEFAULT_LAMBDA_KL,
        }
        shorthand = LOSSES[self.loss]
        weights = {name: shorthand.get(name) if value is None else value for name, value in weights.items()}
        return {name: value for name, value in weights.items() if value}

    @property
    def image_loss(self) -> str:
        """The norm of the image term."""
        return "l1" if self.loss == "l1" else "l2"

    @property
    def loss_name(self) -> str:
        """`loss`, or `custom` where other weights than its own were given."""
        own = {name: value for name, value in self.loss_weights.items() if name != "kl"}
        return self.loss if own == LOSSES[self.loss] else "custom"

    def total_steps(self, steps_per_epoch: int) -> int:
        """How many optimizer steps the run takes if nothing stops it early."""
        return self.steps if self.steps is not None else (self.epochs or 50) * steps_per_epoch

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """The config that `to_dict` gave.

        Raises:
            InputError: If it has a field that this version does not know.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise InputError(
                "unknown field in config.json", got=", ".join(unknown), accepted=", ".join(sorted(known))
            )
        return cls(**values)
