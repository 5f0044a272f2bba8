"""The comparator that a run's config asks for."""

import hashlib
from typing import TYPE_CHECKING

from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.comparators.spec import layer_weights, parse
from tfdeepsim.comparators.weights.locate import find_weights
from tfdeepsim.config import TrainConfig

if TYPE_CHECKING:
    from tfdeepsim.comparators.comparator import Comparator


def check_asked(config: TrainConfig, image_shape: tuple[int, int, int]) -> None:
    """Check all of a config that concerns its comparator, without building it.

    Raises:
        InputError: As `check_comparator`, or if the weights of its layers are not as many as these.
    """
    spec = str(config.comparator)
    layer_weights(config.layer_weights, parse(spec).layers)
    check_comparator(spec, image_shape, config.comparator_weights)


def comparator_of(config: TrainConfig) -> "Comparator":
    """Build the comparator of a config that has one.

    Raises:
        InputError: As `make_comparator`.
    """
    return make_comparator(
        str(config.comparator),
        config.comparator_weights,
        config.seed,
        weights_of_layers=config.layer_weights,
        feature_normalization=config.feature_normalization,
        feature_activation=config.feature_activation,
    )


def identity(config: TrainConfig) -> dict[str, object]:
    """All that decides what the comparator of a config gives, its weights by the SHA-256 of their
    file."""
    names = ("comparator", "layer_weights", "feature_normalization", "feature_activation")
    known = {name: getattr(config, name) for name in names}
    path = find_weights(parse(str(config.comparator)).name, config.comparator_weights)
    if path is None:
        return known | {"seed": config.seed}
    with open(path, "rb") as file:
        return known | {"weights": hashlib.file_digest(file, "sha256").hexdigest()}
