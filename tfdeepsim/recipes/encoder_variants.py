"""The encoders of Pihlgren et al. 2020 in several sizes and with several KL weights."""

import math
from collections.abc import Sequence
from typing import Any

from tfdeepsim.config.defaults import DEFAULT_LAMBDA_KL, LATENT_DIM
from tfdeepsim.errors import InputError

LATENT_DIMS = (LATENT_DIM,)
GAMMAS = (0.0, 0.001)
"""Latent sizes, and weights γ of the KL term, that are trained if none are given. As in the
authors' code, γ = 0 is the plain autoencoder."""


def variants(
    systems: dict[str, dict[str, Any]],
    latent_dims: Sequence[int] = LATENT_DIMS,
    gammas: Sequence[float] = GAMMAS,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Fields of a `TrainConfig` for each variant of each encoder.

    Args:
        systems: Fields of each encoder, whose `model` is `ae` or `vae`.
        latent_dims: Latent sizes.
        gammas: Weights γ of the KL term in the authors' code, which has no factor ½: `--lambda-kl`
            is twice as much. An `ae` is trained if 0 is one of them, a `vae` with each of the
            others.

    Returns:
        For each encoder that is trained, the fields by the name of the variant, e.g. `vae` with the
        defaults and `vae-z32-gamma0.01` otherwise.
    """
    families: dict[str, dict[str, dict[str, Any]]] = {}
    for name, system in systems.items():
        variational = system["model"] == "vae"
        for latent_dim in latent_dims:
            for gamma in gammas:
                if variational != (gamma != 0):
                    continue
                fields = system | {"latent_dim": latent_dim}
                variant = name
                if latent_dim != LATENT_DIM:
                    variant += f"-z{latent_dim}"
                if variational and 2 * gamma != DEFAULT_LAMBDA_KL:
                    variant += f"-gamma{gamma:g}"
                    fields["lambda_kl"] = 2 * gamma
                families.setdefault(name, {})[variant] = fields
    return families


def parse_latent_dims(text: str) -> tuple[int, ...]:
    """The latent sizes of `--latent-dims`, e.g. `32,64,128`.

    Raises:
        InputError: If one is no integer above 0, or stands there twice.
    """
    accepted = "different integers above 0, e.g. 32,64,128"
    values = _numbers("--latent-dims", text, accepted)
    if not all(value >= 1 and value.is_integer() for value in values):
        raise _refused("--latent-dims", text, accepted)
    return tuple(map(int, values))


def parse_gammas(text: str) -> tuple[float, ...]:
    """The weights γ of `--gammas`, e.g. `0,0.001,0.01`.

    Raises:
        InputError: If one is no number of 0 or more, or stands there twice.
    """
    accepted = "different numbers of 0 or more, e.g. 0,0.001,0.01"
    values = _numbers("--gammas", text, accepted)
    if not all(value >= 0 for value in values):
        raise _refused("--gammas", text, accepted)
    return values


def _numbers(flag: str, text: str, accepted: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise _refused(flag, text, accepted) from error
    if not all(map(math.isfinite, values)) or len(set(values)) < len(values):
        raise _refused(flag, text, accepted)
    return values


def _refused(flag: str, text: str, accepted: str) -> InputError:
    return InputError(f"{flag} is a list of numbers", got=text or "nothing", accepted=accepted)
