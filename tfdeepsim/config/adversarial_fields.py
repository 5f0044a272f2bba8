"""Checks of the fields of adversarial training."""

from typing import TYPE_CHECKING

from tfdeepsim.config.defaults import DISCRIMINATOR, DISCRIMINATOR_LAYERS
from tfdeepsim.errors import InputError
from tfdeepsim.options import flag

if TYPE_CHECKING:
    from tfdeepsim.config import TrainConfig


def check_adversarial_fields(config: "TrainConfig") -> None:
    """Refuse a start of the adversarial term after the last of `--steps`; and the discriminator as
    comparator where none is trained, or with weights or a scaling of pixels of its own.

    Raises:
        InputError: If a field cannot be used.
    """
    if config.steps is not None and config.adversarial_start >= config.steps:
        raise InputError(
            "--adversarial-start must come before the last step",
            got=f"--adversarial-start {config.adversarial_start} --steps {config.steps}",
            accepted=f"0 to {config.steps - 1}",
        )
    _check_discriminator_comparator(config)


def discriminator_layers(comparator: str | None) -> tuple[str, ...]:
    """Layers of the discriminator whose features are compared; empty for another comparator.

    Args:
        comparator: Spelling of a comparator, `NAME:LAYER`.

    Raises:
        InputError: If the discriminator has no such layer.

    Example:
        >>> discriminator_layers("discriminator:conv4+conv5")
        ('conv4', 'conv5')
    """
    name, _, text = (comparator or "").partition(":")
    if name != DISCRIMINATOR:
        return ()
    layers = tuple(text.split("+"))
    if not set(layers) <= set(DISCRIMINATOR_LAYERS) or len(set(layers)) < len(layers):
        raise InputError(
            f"{DISCRIMINATOR} needs different layers as {DISCRIMINATOR}:LAYER+LAYER",
            got=repr(comparator),
            accepted=", ".join(DISCRIMINATOR_LAYERS),
        )
    return layers


def _check_discriminator_comparator(config: "TrainConfig") -> None:
    if not discriminator_layers(config.comparator) or "feature" not in config.loss_weights:
        return
    if "adversarial" not in config.loss_weights:
        raise InputError(
            "features of the discriminator need the adversarial term",
            got=f"--comparator {config.comparator} --loss {config.loss}",
            accepted="--loss deepsim, or --lambda-adv above 0",
        )
    for name, default in (("comparator_weights", None), ("comparator_input", "imagenet")):
        if (value := getattr(config, name)) != default:
            raise InputError(
                f"{flag(name)} is for comparators other than the discriminator",
                got=f"{flag(name)} {value} --comparator {config.comparator}",
                accepted="one of the two",
            )
