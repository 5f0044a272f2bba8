"""The comparator of a run's config."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.comparators.spec import layer_weights, parse
from tfdeepsim.comparators.weights.labels_seen import labels_seen, stated_labels
from tfdeepsim.comparators.weights.locate import locate_weights
from tfdeepsim.comparators.weights.read_once import digest_once
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.adversarial_fields import discriminator_layers

if TYPE_CHECKING:
    from tfdeepsim.comparators.comparator import Comparator


def check_comparator_of(config: TrainConfig, image_shape: tuple[int, int, int]) -> None:
    """Check the fields of a config that concern its comparator, without building it.

    Args:
        config: Config of a run with a comparator.
        image_shape: Height, width and channels of the run's images.

    Raises:
        InputError: As `check_comparator`.
    """
    if layers := discriminator_layers(config.comparator):
        layer_weights(config.layer_weights, layers)
        return
    check_comparator(
        str(config.comparator),
        image_shape,
        config.comparator_weights,
        weights_of_layers=config.layer_weights,
        comparator_input=config.comparator_input,
        comparator_range=config.comparator_range,
    )


def comparator_of(config: TrainConfig) -> "Comparator":
    """Build the comparator of a config that has one.

    Raises:
        InputError: As `make_comparator`.
    """
    if layers := discriminator_layers(config.comparator):
        from tfdeepsim.comparators.discriminator_features import DiscriminatorFeatures

        return DiscriminatorFeatures(
            layers,
            layer_weights=layer_weights(config.layer_weights, layers),
            feature_normalization=config.feature_normalization,
            feature_activation=config.feature_activation,
        )
    return make_comparator(
        str(config.comparator),
        config.comparator_weights,
        config.seed,
        weights_of_layers=config.layer_weights,
        comparator_input=config.comparator_input,
        feature_normalization=config.feature_normalization,
        feature_activation=config.feature_activation,
        comparator_range=config.comparator_range,
        saw_labels=config.comparator_saw_labels,
    )


def comparator_identity(config: TrainConfig) -> dict[str, object]:
    """Everything in a config that decides what its comparator computes.

    The weights are named by the SHA-256 of their file, random ones by their seed.

    Raises:
        InputError: As `locate_weights`.
    """
    names = ("comparator", "layer_weights", "feature_normalization", "feature_activation")
    settings = {name: getattr(config, name) for name in names}
    # Without the default, as earlier versions identified a comparator.
    if config.comparator_input != "imagenet":
        settings["comparator_input"] = config.comparator_input
    if discriminator_layers(config.comparator):
        return settings
    if parse(str(config.comparator)).keras_file is not None:
        settings["comparator_range"] = config.comparator_range
    path = _weights_file(config)
    if path is None:
        return settings | {"seed": config.seed}
    return settings | {"weights": digest_once(path)}


def labels_seen_by(config: TrainConfig) -> str | None:
    """The dataset whose labels the comparator of a config was trained with, as `labels_seen`.

    Raises:
        InputError: As `locate_weights`.
    """
    if discriminator_layers(config.comparator):
        return None
    if parse(str(config.comparator)).keras_file is not None:
        return stated_labels(config.comparator_saw_labels)
    return labels_seen(_weights_file(config))


def _weights_file(config: TrainConfig) -> Path | None:
    return locate_weights(parse(str(config.comparator)).name, config.comparator_weights)
