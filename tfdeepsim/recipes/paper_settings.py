"""Settings of the full size of the recipes of Dosovitskiy & Brox 2016, and how a smaller size
departs from them."""

from collections.abc import Sequence
from typing import Any

import rich.console

from tfdeepsim.config.defaults import ADVERSARIAL_LEARNING_RATE, LOSSES, PAPER_DEEPSIM
from tfdeepsim.units import mean_units

SMALL_LEARNING_RATE = 5e-4
"""Learning rate below the full size. At few steps, the 0.0002 of the paper leaves all rows half
trained."""


def optimization(scale: float, steps: int) -> dict[str, Any]:
    """Fields of a `TrainConfig` for the learning rate and the length of the training.

    At full size they are the paper's: 0.0002, which is halved as in the released training files,
    and no early stopping.

    Args:
        scale: Share of the full size.
        steps: Number of optimizer steps.
    """
    if scale < 1:
        return {"learning_rate": SMALL_LEARNING_RATE}
    # An epoch has one step or more, so training never stops early.
    return {
        "learning_rate": ADVERSARIAL_LEARNING_RATE,
        "schedule": "halving",
        "patience": steps,
    }


def is_caffe(weights: str | None) -> bool:
    """Whether weights of AlexNet are those of Caffe, with which the paper's networks were
    trained."""
    return str(weights).lower().endswith((".caffemodel", ".npy"))


def paper_weights(
    fields: dict[str, Any], image_size: int, lambda_img: float, latent_dim: int = 0
) -> dict[str, Any]:
    """The fields of a loss with the weights λ of the released training files.

    With `caffe_alexnet`, they are in the paper's units. With other comparators they are the values
    in mean units that correspond, divided by a factor that keeps the weight of the image term; the
    weight of the feature term is left as it is, because the paper's presumes the features of
    Caffe's AlexNet for pixels from 0 to 255. A loss of one term needs no weight.

    Args:
        fields: Fields of a `TrainConfig` in mean units.
        image_size: Height and width of the images in pixels.
        lambda_img: Weight of the image term in mean units, in the losses that have one.
        latent_dim: Number of dimensions of a posterior; 0 without one.
    """
    defaults = LOSSES[fields["loss"]]
    adversarial = fields.get("lambda_adv", defaults.get("adversarial", 0.0))
    elements = 3 * image_size**2
    factor = mean_units({"image": PAPER_DEEPSIM["image"]}, elements)["image"] / lambda_img
    if not str(fields.get("comparator")).startswith("caffe_alexnet"):
        return fields | (
            {"lambda_adv": PAPER_DEEPSIM["adversarial"] / factor} if adversarial else {}
        )
    weights = {
        name: 0.0 if fields.get(name) == 0 else PAPER_DEEPSIM[term]
        for name, term in (
            ("lambda_feat", "feature"),
            ("lambda_adv", "adversarial"),
            ("lambda_img", "image"),
        )
    }
    if "lambda_kl" in fields and latent_dim:
        weights["lambda_kl"] = fields["lambda_kl"] * factor / latent_dim
    if "lambda_diversity" in fields:
        weights["lambda_diversity"] = fields["lambda_diversity"] * factor
    return fields | weights | {"lambda_units": "paper"}


def print_settings(
    scale: float,
    steps: int,
    full_steps: int,
    image_size: int,
    caffe: bool,
    console: rich.console.Console,
    departures: Sequence[str] = (),
) -> None:
    """Print, before anything is trained, which settings are not the paper's.

    Args:
        scale: Share of the full size.
        steps: Number of optimizer steps.
        full_steps: Number of steps at full size.
        image_size: Height and width of the images in pixels.
        caffe: Whether the comparator is Caffe's AlexNet.
        console: Console to print to.
        departures: Further settings below the full size.
    """
    lines = []
    if scale < 1:
        lines = [
            f"{steps:,} steps, not {full_steps:,}",
            f"learning rate {SMALL_LEARNING_RATE:g}, not {ADVERSARIAL_LEARNING_RATE:g}",
            "a constant learning rate, not one that is halved",
            "training stops early when the validation loss does not fall",
            "λ are those of this package in mean units, not those of the released files",
            *departures,
        ]
    elif not caffe:
        weights = mean_units(
            {name: PAPER_DEEPSIM[name] for name in ("adversarial", "image")}, 3 * image_size**2
        )
        shown = ", ".join(f"{name} {value:.4g}" for name, value in weights.items())
        lines = [
            f"no weights of Caffe's AlexNet are given: the paper's λ are, in mean units, {shown}; "
            "all are divided by one factor",
            "λ_feat is that of this package: the paper's 0.01 presumes features of pixels from 0 "
            "to 255",
        ]
    for line in lines:
        console.print(f"departs from the paper: {line}", highlight=False, soft_wrap=True)
