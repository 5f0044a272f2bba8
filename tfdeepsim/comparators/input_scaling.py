"""How pixels are scaled before a comparator sees them: as in its training, or not at all."""

import dataclasses

from tfdeepsim.comparators.chains.architecture import Architecture
from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.errors import InputError
from tfdeepsim.networks.imagenet import IMAGENET_MEAN, IMAGENET_STD

COMPARATOR_INPUTS = ("imagenet", "raw")
"""Pixels scaled by ImageNet's mean and deviation; or pixels in [0, 1], as the code of Pihlgren et
al. 2020 passes them to AlexNet."""


def check_input(name: str, comparator_input: str) -> None:
    """Check that a comparator can take pixels that are scaled in some way.

    Args:
        name: Name of the comparator, without its layers.
        comparator_input: One of `COMPARATOR_INPUTS`.

    Raises:
        InputError: If there is no such scaling, or pixels are `raw` and the comparator has a
            scaling of its own, which is not that of ImageNet's mean and deviation.
    """
    if comparator_input not in COMPARATOR_INPUTS:
        raise InputError(
            "unknown comparator input",
            got=repr(comparator_input),
            accepted=", ".join(COMPARATOR_INPUTS),
        )
    unscaled = [
        other
        for other, network in ARCHITECTURES.items()
        if (network.mean, network.std) == (IMAGENET_MEAN, IMAGENET_STD)
    ]
    if comparator_input == "raw" and name not in unscaled:
        raise InputError(
            "--comparator-input raw leaves out ImageNet's mean and deviation",
            got=f"{name}, which scales pixels in its own way",
            accepted=f"{', '.join(unscaled)}, or --comparator-input imagenet",
        )


def scaled(network: Architecture, comparator_input: str) -> Architecture:
    """A network with its own scaling of pixels, or with none if they are `raw`."""
    if comparator_input == "raw":
        return dataclasses.replace(network, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    return network


def input_warning(comparator_input: str, is_random: bool) -> str | None:
    """What is unusual about a comparator that sees other pixels than those it was trained on.

    Args:
        comparator_input: One of `COMPARATOR_INPUTS`.
        is_random: Whether the comparator's weights are random, so that it was never trained.

    Returns:
        The end of a sentence that begins with the comparator; None if all is as in its training.
    """
    if comparator_input == "raw" and not is_random:
        return "takes raw pixels, but was trained on scaled ones"
    return None
