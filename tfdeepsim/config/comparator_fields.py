"""Checks of the fields of a comparator and of the units of loss weights."""

from typing import TYPE_CHECKING

from tfdeepsim.config.changed import refuse_changed
from tfdeepsim.config.defaults import (
    AUTOENCODER_FIELDS,
    DEFAULT_RANGE,
    DEFAULT_SURROGATE_CLASSES,
    DISCRIMINATOR,
    EXTERNAL,
    GENERATOR_FIELDS,
    INVERSION_FIELDS,
    LAMBDAS,
    TRAINABLE,
)
from tfdeepsim.errors import InputError
from tfdeepsim.options import flag

if TYPE_CHECKING:
    from tfdeepsim.config import TrainConfig


def check_external_fields(config: "TrainConfig") -> None:
    """Refuse the fields of an external comparator for another one.

    Raises:
        InputError: If one of them is set.
    """
    if str(config.comparator).startswith(EXTERNAL):
        return
    defaults = {"comparator_range": DEFAULT_RANGE, "comparator_saw_labels": None}
    for name, default in defaults.items():
        if getattr(config, name) != default:
            raise InputError(
                f"{flag(name)} is for external comparators",
                got=f"{getattr(config, name)} with --comparator {config.comparator}",
                accepted=f"--comparator {EXTERNAL}FILE.keras:LAYER",
            )


def moving_features(config: "TrainConfig") -> str | None:
    """The flag by which features of training images change during training, or are not all at one
    place; None if they can be kept."""
    if config.augment != "none":
        return f"--augment {config.augment}"
    if str(config.comparator).startswith(DISCRIMINATOR):
        return f"--comparator {config.comparator}"
    return "--strategy multiworker" if config.strategy == "multiworker" else None


def check_kept_features(config: "TrainConfig") -> None:
    """Refuse to keep features that change.

    Raises:
        InputError: If they do, and `keep_features` is `on`.
    """
    if config.keep_features == "on" and (moving := moving_features(config)):
        raise InputError(
            "features are kept if every epoch has the same ones, on one machine",
            got=f"--keep-features on {moving}",
            accepted="one of the two, or --keep-features auto",
        )


def check_paper_units(config: "TrainConfig") -> None:
    """Refuse weights of `--loss` in the paper's units, which has such weights for `deepsim` alone:
    those of another loss, read as sums, would be millions of times too large.

    Raises:
        InputError: If a weight is not set.
    """
    if config.lambda_units != "paper" or config.loss == "deepsim":
        return
    fields = [LAMBDAS[term] for term in config.loss_weights]
    if unset := [name for name in fields if getattr(config, name) is None]:
        raise InputError(
            "--lambda-units paper has weights of its own for --loss deepsim alone",
            got=f"--loss {config.loss} without {' and '.join(map(flag, unset))}",
            accepted=f"{' and '.join(map(flag, unset))} in the paper's units, "
            "or --lambda-units mean",
        )


def check_comparator_task(config: "TrainConfig") -> None:
    """Check the fields of `--task comparator`, and set the number of classes of Exemplar-CNN.

    Raises:
        InputError: If there is no comparator that can be trained, or a field is for another task.
    """
    if config.comparator not in TRAINABLE:
        raise InputError(
            "--task comparator needs the name of a network that can be trained here",
            got=f"--comparator {config.comparator}" if config.comparator else "no --comparator",
            accepted=", ".join(TRAINABLE),
        )
    refuse_changed(config, INVERSION_FIELDS, "is for inversions", "--task inversion")
    refuse_changed(config, AUTOENCODER_FIELDS, "is for autoencoders", "--task autoencoder")
    accepted = "--task autoencoder or inversion"
    refuse_changed(config, GENERATOR_FIELDS, "is for generators", accepted)
    if config.comparator != "alexnet":
        refuse_changed(config, ("convolutions",), "is for AlexNet's", "--comparator alexnet")
    if config.comparator != "exemplar_cnn":
        accepted = "--comparator exemplar_cnn"
        refuse_changed(config, ("surrogate_classes",), "is for patches of images", accepted)
    elif config.surrogate_classes is None:
        object.__setattr__(config, "surrogate_classes", DEFAULT_SURROGATE_CLASSES)
