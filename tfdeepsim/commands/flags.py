"""The flags of training, which `train.py` and `evaluate.py --compare` share: one spelling for one
thing."""

import argparse
import dataclasses
from collections.abc import Sequence
from typing import Any

from tfdeepsim.command_line import import_tensorflow
from tfdeepsim.comparators.from_config import check_asked
from tfdeepsim.comparators.spec import SPELLINGS as SPELLINGS_OF_COMPARATORS
from tfdeepsim.config import CHOICES, DEFAULT_COMPARATOR, DEFAULT_SURROGATE_CLASSES, TrainConfig
from tfdeepsim.data import KINDS, check_name, describe
from tfdeepsim.data.flags import add_data_flags
from tfdeepsim.errors import InputError
from tfdeepsim.external.from_config import check_extractor
from tfdeepsim.options import DataOptions, flag

Group = argparse._ArgumentGroup
DATA = tuple(field.name for field in dataclasses.fields(DataOptions))
"""Fields of a dataset."""
TRAINING = tuple(field.name for field in dataclasses.fields(TrainConfig) if field.name not in DATA)
"""Fields of training alone."""
SPELLINGS = ", ".join(kind.spelling for kind in KINDS.values())


def add_training_flags(parser: argparse.ArgumentParser, loss: bool = True) -> None:
    """Add every field of `TrainConfig` as a flag; flags left out are absent from the result.

    Args:
        parser: Its `argument_default` must be `argparse.SUPPRESS`.
        loss: Whether `--loss` is one of them.
    """
    data = parser.add_argument_group("data")
    data.add_argument("--dataset", metavar="NAME", help=f"{SPELLINGS} (default: llv2)")
    add_data_flags(data)
    _add_model(parser.add_argument_group("what to train"))
    _add_inversion(parser.add_argument_group("inversion"))
    _add_loss(parser.add_argument_group("loss"), loss)
    _add_how(parser.add_argument_group("how to train"))


def check_data(config: TrainConfig) -> None:
    """Check the dataset's name, and that the comparator, if there is one, suits its images.

    Raises:
        InputError: If not.
    """
    check_name(config.dataset)
    if config.task == "comparator":
        return
    shape = describe(config.dataset, config.data_dir, config).image_shape
    if config.comparator is not None:
        check_asked(config, shape)
    if config.invert is not None:
        check_inverted(config, shape)


def check_inverted(config: TrainConfig, image_shape: tuple[int, int, int]) -> None:
    """Check that the network that a config inverts is there and takes the images.

    Raises:
        InputError: If not.
    """
    import_tensorflow()
    check_extractor(str(config.invert), image_shape, config.invert_weights, config.external_range)


def refuse_training(given: dict[str, Any], but: Sequence[str] = ()) -> None:
    """Refuse flags of training, but for some."""
    forbidden = (*TRAINING, "seeds", "run_dir", "dry_run")
    if extra := [name for name in forbidden if name in given and name not in but]:
        raise InputError(
            f"{flag(extra[0])} belongs to training",
            got="no --compare",
            accepted="--compare LOSSES, or train.py",
        )


def choice(name: str) -> str:
    """The choices of a flag and its default, for its help."""
    default = {field.name: field.default for field in dataclasses.fields(TrainConfig)}[name]
    return " | ".join(CHOICES[name]) + f" (default: {default})"


def _add_model(what: Group) -> None:
    what.add_argument("--task", metavar="NAME", help=choice("task"))
    what.add_argument("--network", metavar="NAME", help=choice("network"))
    what.add_argument(
        "--width", metavar="X", type=float, help="factor of channels, but for pihlgren (default: 1)"
    )
    what.add_argument("--model", metavar="NAME", help=choice("model"))
    what.add_argument(
        "--latent-dim",
        metavar="N",
        type=int,
        help="size of the embedding (default: the paper's; pihlgren: 64)",
    )


def _add_inversion(inversion: Group) -> None:
    inversion.add_argument(
        "--invert",
        metavar="WHAT",
        help="network whose features are inverted: NAME:LAYER of a comparator, or a SavedModel, .keras file "
        "or run",
    )
    inversion.add_argument(
        "--invert-weights",
        metavar="FILE",
        help="weights of that comparator, as --comparator-weights",
    )
    inversion.add_argument(
        "--external-range",
        "--foreign-range",  # as earlier versions spelled it
        metavar="RANGE",
        help="floats that a network from elsewhere takes: " + choice("external_range"),
    )
    inversion.add_argument(
        "--noise-dim",
        metavar="N",
        type=int,
        help="noise beside features, for several images (default: 0)",
    )
    inversion.add_argument(
        "--lambda-diversity",
        metavar="X",
        type=float,
        help="weight of their difference (default: 0)",
    )


def _add_loss(loss: Group, named: bool) -> None:
    if named:
        loss.add_argument("--loss", metavar="NAME", help=choice("loss"))
    loss.add_argument("--lambda-feat", metavar="X", type=float, help="weight of the feature term")
    loss.add_argument(
        "--lambda-adv", metavar="X", type=float, help="weight of the adversarial term"
    )
    loss.add_argument("--lambda-img", metavar="X", type=float, help="weight of the image term")
    loss.add_argument(
        "--lambda-kl", metavar="X", type=float, help="weight of a VAE's KL term (default: 0.002)"
    )
    loss.add_argument(
        "--lambda-units", metavar="NAME", help="of these weights: " + choice("lambda_units")
    )
    loss.add_argument(
        "--gate", metavar="NAME", help="pauses of the discriminator: " + choice("gate")
    )
    loss.add_argument(
        "--comparator",
        metavar="NAME:LAYER",
        help=f"or NAME:LAYER+LAYER; NAME is {', '.join(SPELLINGS_OF_COMPARATORS)} "
        f"(default: {DEFAULT_COMPARATOR}); with --task comparator just NAME",
    )
    loss.add_argument(
        "--comparator-weights",
        metavar="FILE",
        help="its weights: a file, a run of --task comparator, or `download` (default: those that come with "
        "the package)",
    )
    loss.add_argument(
        "--layer-weights", metavar="X,X", help="weight of each layer (default: 1 each)"
    )
    loss.add_argument(
        "--feature-normalization", metavar="NAME", help=choice("feature_normalization")
    )
    loss.add_argument("--feature-activation", metavar="NAME", help=choice("feature_activation"))


def _add_how(how: Group) -> None:
    how.add_argument("--epochs", metavar="N", type=int, help="passes over the data (default: 50)")
    how.add_argument("--steps", metavar="N", type=int, help="optimizer steps in place of epochs")
    how.add_argument("--batch-size", metavar="N", type=int, help="images a step (default: 64)")
    how.add_argument(
        "--learning-rate",
        metavar="X",
        type=float,
        help="of Adam (default: 0.001; less for comparators, 0.0002 with an adversarial term)",
    )
    how.add_argument(
        "--schedule", metavar="NAME", help="of the learning rate: " + choice("schedule")
    )
    how.add_argument("--augment", metavar="NAME", help="training images: " + choice("augment"))
    how.add_argument(
        "--patience",
        metavar="N",
        type=int,
        help="epochs without progress (default: max(10, epochs/20))",
    )
    how.add_argument(
        "--probe-every", metavar="N", type=int, help="score a linear probe every N epochs"
    )
    how.add_argument("--choose-by", metavar="WHAT", help="best weights: " + choice("choose_by"))
    how.add_argument(
        "--surrogate-classes",
        metavar="N",
        type=int,
        help=f"patches that exemplar_cnn tells apart (default: {DEFAULT_SURROGATE_CLASSES})",
    )
    how.add_argument(
        "--seed", metavar="N", type=int, help="of weights, order and noise (default: 0)"
    )
    how.add_argument("--deterministic", action="store_true", help="equal runs give equal bits")
    how.add_argument("--precision", metavar="NAME", help=choice("precision"))
    how.add_argument("--strategy", metavar="NAME", help=choice("strategy"))
