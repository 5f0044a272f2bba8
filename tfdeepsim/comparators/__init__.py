"""Comparators: frozen networks whose features are compared instead of pixels.

This module is light: it checks what a user asked for without TensorFlow. A comparator is spelled
`NAME:LAYER`, e.g. `alexnet:relu2`, or `NAME:LAYER+LAYER` for several layers at once.
"""

import os
from typing import TYPE_CHECKING

from tfdeepsim.comparators.activation import check_activation, check_normalization
from tfdeepsim.comparators.spec import ARCHITECTURES, Spec, layer_weights, parse
from tfdeepsim.comparators.weights.bundled import card
from tfdeepsim.comparators.weights.locate import find_weights, is_random
from tfdeepsim.errors import InputError

if TYPE_CHECKING:
    from tfdeepsim.comparators.comparator import Comparator


def check_comparator(
    spec: str,
    image_shape: tuple[int, int, int] | None = None,
    weights: str | os.PathLike | None = None,
) -> None:
    """Check everything about a comparator that can be checked without building it.

    A weights file is read and must fit; one that is to be downloaded is.

    Args:
        spec: `NAME:LAYER`, or several layers with `+` between them.
        image_shape: Height, width and channels of the images that it shall compare.
        weights: As `find_weights` takes them.

    Raises:
        InputError: If there is no such comparator or layer, the images do not suit it, or its
            weights are missing, damaged, of another network, or given to a random one.
    """
    asked = _known(spec)
    if image_shape is not None and image_shape[2] != 3:
        raise InputError(
            "a comparator takes colour images",
            got=f"{image_shape[2]} channels",
            accepted="3 channels (RGB)",
        )
    size = image_shape and image_shape[:2]
    path = find_weights(asked.name, weights)
    if asked.keras_model is not None:
        from tfdeepsim.comparators.keras_applications.keras_application import check_application

        check_application(asked.keras_model, asked.layers, size, path)
        return
    network = ARCHITECTURES[asked.name]
    if path is not None:
        from tfdeepsim.comparators.weights.load import load_weights

        network, _ = load_weights(path, network, asked.layers)
    if size is not None:
        for layer in asked.layers:
            network.feature_shape(layer, size)


def make_comparator(
    spec: str,
    weights: str | os.PathLike | None = None,
    seed: int = 0,
    *,
    weights_of_layers: str | None = None,
    feature_normalization: str = "none",
    feature_activation: str = "none",
) -> "Comparator":
    """Build a comparator.

    Args:
        spec: `NAME:LAYER`, or several layers with `+` between them.
        weights: As `find_weights` takes them; `random_alexnet` takes none.
        seed: Of random weights.
        weights_of_layers: Weight of each layer in the feature loss, with commas between; None for 1
            each.
        feature_normalization: `none`, or `channel` for features of unit length at each position.
        feature_activation: `none`, or `sigmoid` on the features, as Pihlgren et al. (2020) have it
            in their code.

    Raises:
        InputError: As `check_comparator`.
    """
    asked = _known(spec)
    check_normalization(feature_normalization)
    check_activation(feature_activation)
    path = find_weights(asked.name, weights)
    options = {
        "layer_weights": layer_weights(weights_of_layers, asked.layers),
        "feature_normalization": feature_normalization,
        "feature_activation": feature_activation,
    }
    if asked.keras_model is not None:
        from tfdeepsim.comparators.keras_applications.keras_application import KerasApplication

        return KerasApplication(
            asked.keras_model,
            asked.layers,
            weights_file=path,
            **options,
            name=asked.keras_model.lower(),
        )
    from tfdeepsim.comparators.chains.chain_comparator import ChainComparator

    known = card(path) if path else None
    return ChainComparator(
        asked.name,
        asked.layers,
        weights_file=path,
        seed=seed if is_random(asked.name) else None,
        source=f"in the box ({known['summary']})" if known else None,
        **options,
        name=asked.name,
    )


def _known(spec: str) -> Spec:
    """What was spelled, if there is such a network."""
    asked = parse(spec)
    if asked.keras_model is not None:
        from tfdeepsim.comparators.keras_applications.catalog import check_model

        check_model(asked.keras_model)
    return asked
