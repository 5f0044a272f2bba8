"""Settings of the full size of the recipes of Dosovitskiy & Brox 2016, and how a smaller size
departs from them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import (
    ADVERSARIAL_LEARNING_RATE,
    LAMBDAS,
    LOSSES,
    PAPER_DEEPSIM,
)
from tfdeepsim.options import flag
from tfdeepsim.training.generator_task import HALVED_AT
from tfdeepsim.units import mean_units

CAFFE_WEIGHTS = "bvlc_alexnet.caffemodel"
"""Name of the weights with which the released training files were run."""
RELEASED_STEPS = 1_000_000
"""Steps of the released training files; the paper has 500,000 to 1,000,000."""
VIDEONET = "VideoNet is trained on rollouts of LunarLander, not on videos of the web"
EXEMPLAR_CNN = "Exemplar-CNN is the bundled one, which learned from 500 patches of CIFAR-10"

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


def print_departures(
    rows: Mapping[str, TrainConfig],
    paper: Mapping[str, TrainConfig],
    console: rich.console.Console,
    further: Sequence[str] = (),
) -> None:
    """Print, before anything is trained, which settings are not the paper's.

    Args:
        rows: Configs of the runs by the names of their rows.
        paper: Configs at full size with Caffe's weights, by the same names.
        console: Console to print to.
        further: Departures that no config shows.
    """
    for line in (*departures(rows, paper), *further):
        console.print(f"departs from the paper: {line}", soft_wrap=True)


def departures(rows: Mapping[str, TrainConfig], paper: Mapping[str, TrainConfig]) -> list[str]:
    """Which settings are not the paper's, a line each; it starts with the names of the rows that
    depart, unless these are all.

    Every field whose values differ has a line, but places of data and weights, and seeds.

    Args:
        rows, paper: As of `print_departures`.
    """
    names: dict[str, list[str]] = {}
    for name, config in rows.items():
        for line in _departures(config, paper[name]):
            names.setdefault(line, []).append(name)
    return [
        line if len(of_rows) == len(rows) else f"{'; '.join(of_rows)}: {line}"
        for line, of_rows in names.items()
    ]


def _departures(own: TrainConfig, paper: TrainConfig) -> list[str]:
    values, expected = own.to_dict(), paper.to_dict()
    differing = [
        name for name, value in values.items() if value != expected[name] and name not in _PLACES
    ]
    lines = [
        _WORDS[name](own, paper)
        if name in _WORDS
        else f"{flag(name)} {values[name]}, not {expected[name]}"
        for name in differing
        if name not in _OF_WEIGHTS
    ]
    # Crops have two fields and one line.
    return list(dict.fromkeys((*lines, *_halvings(own), *_weights(own))))


def _crops(own: TrainConfig, paper: TrainConfig) -> str:
    if "crop" in own.augment:
        return f"crops are cut from images of {own.shorter_side} pixels, not {paper.shorter_side}"
    return f"no random crops, which are cut from images of {paper.shorter_side} pixels"


def _network(spec: str | None) -> str:
    return str(spec).partition(":")[0]


_PLACES = (
    *("data_dir", "cache", "parallel_reads", "seed", "comparator_weights", "invert_weights"),
    *("checkpoint_minutes", "keep_features"),
)
_OF_WEIGHTS = (*LAMBDAS.values(), "lambda_units", "feature_scale")
"""Fields that `_weights` puts into words."""
_WORDS: dict[str, Callable[[TrainConfig, TrainConfig], str]] = {
    "dataset": lambda own, paper: f"dataset {own.dataset}, not {paper.dataset}",
    "steps": lambda own, paper: f"{own.steps:,} steps, not {paper.steps:,}",
    "learning_rate": lambda own, paper: (
        f"learning rate {own.learning_rate:g}, not {paper.learning_rate:g}"
    ),
    "schedule": lambda own, paper: "a constant learning rate, not one that is halved four times",
    "patience": lambda own, paper: (
        "rows without an adversarial term stop early when the validation loss does not fall"
    ),
    "image_size": lambda own, paper: f"images of {own.image_size} pixels, not {paper.image_size}",
    "augment": _crops,
    "shorter_side": _crops,
    "width": lambda own, paper: f"{own.width:g} times the channels of the paper",
    "latent_dim": lambda own, paper: f"{own.latent_dim} latent dimensions, not {paper.latent_dim}",
    "comparator": lambda own, paper: (
        f"the comparator is {_network(own.comparator)}, not {_network(paper.comparator)}"
    ),
    "invert": lambda own, paper: (
        f"the inverted network is {_network(own.invert)}, not {_network(paper.invert)}"
    ),
}


def _halvings(own: TrainConfig) -> list[str]:
    """The steps of the halvings, if they are not those of the released files."""
    steps, released = (
        [f"{round(share * number):,}" for share in HALVED_AT]
        for number in (own.steps or 0, RELEASED_STEPS)
    )
    if own.schedule == "constant" or steps == released:
        return []
    return [
        f"the learning rate is halved after {', '.join(steps)} of {own.steps:,} steps, in the "
        f"released files after {', '.join(released)} of {RELEASED_STEPS:,}"
    ]


def _weights(own: TrainConfig) -> list[str]:
    """The weights λ of a loss of several terms in mean units, beside those of the released files
    where they say something else."""
    weights = {name: value for name, value in own.loss_weights.items() if name in PAPER_DEEPSIM}
    if own.lambda_units == "paper" or len(weights) < 2:
        return []
    elements = 3 * (own.image_size or 0) ** 2
    released = mean_units(
        {name: PAPER_DEEPSIM[name] for name in ("adversarial", "image") if name in weights},
        elements,
    )
    factors = {f"{released[name] / weights[name]:.6g}" for name in released}
    in_proportion = len(released) > 1 and len(factors) == 1
    if in_proportion and "feature" not in weights:
        return []
    line = (
        f"λ in mean units are {_listed(weights)}; those of the released files would be "
        f"{_listed(released)}" + (", in the same proportion" if in_proportion else "")
    )
    if "feature" not in weights:
        return [line]
    return [
        line,
        f"λ_feat is that of this package, for errors that are {own.feature_scale}: the paper's "
        f"{PAPER_DEEPSIM['feature']:g} presumes features of Caffe's AlexNet for pixels of 0 to 255",
    ]


def _listed(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in weights.items())
