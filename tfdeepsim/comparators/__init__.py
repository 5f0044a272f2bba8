"""Comparators: frozen networks whose features are compared instead of pixels.

A comparator is written `NAME:LAYER`, e.g. `alexnet:relu2`, or `NAME:LAYER+LAYER` for several layers
at once. Importing this module does not load TensorFlow, so commands check comparators at once.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfdeepsim.comparators.activation import check_activation, check_normalization
from tfdeepsim.comparators.input_scaling import check_input
from tfdeepsim.comparators.spec import ARCHITECTURES, Spec, layer_weights, parse
from tfdeepsim.comparators.weights.bundled import card_of
from tfdeepsim.comparators.weights.locate import is_random, locate_weights
from tfdeepsim.config.defaults import DEFAULT_RANGE
from tfdeepsim.errors import InputError

if TYPE_CHECKING:
    from tfdeepsim.comparators.comparator import Comparator


def check_comparator(
    spec: str,
    image_shape: tuple[int, int, int] | None = None,
    weights: str | os.PathLike | None = None,
    *,
    weights_of_layers: str | None = None,
    comparator_input: str = "imagenet",
    comparator_range: str = DEFAULT_RANGE,
) -> None:
    """Check everything about a comparator that can be checked without building it.

    A weights file is downloaded if that is requested, is read, and must fit the network. Building
    the comparator later does not read it again.

    Args:
        spec: `NAME:LAYER`, or several layers with `+` between them.
        image_shape: Height, width and channels of the images to compare; None if unknown.
        weights: Weights file, run directory, `download` or None, as `locate_weights` takes them.
        weights_of_layers: Weight of each layer in the feature loss, with commas between; None for 1
            each.
        comparator_input: `imagenet`, or `raw` for pixels in [0, 1], as `check_input` takes it.
        comparator_range: Black and white that an `external:` network expects, a key of
            `INPUT_RANGES`.

    Raises:
        InputError: If there is no such comparator or layer, the images do not suit it, its weights
            are missing, damaged, of another network, or given to a random one, there is not one
            weight for each layer, or the comparator does not take `raw` pixels.
    """
    comparator = _parse_known(spec)
    check_input(comparator.name, comparator_input)
    layer_weights(weights_of_layers, comparator.layers)
    if image_shape is not None and image_shape[2] != 3:
        raise InputError(
            "a comparator takes colour images",
            got=f"{image_shape[2]} channels",
            accepted="3 channels (RGB)",
        )
    size = image_shape and image_shape[:2]
    path = locate_weights(comparator.name, weights)
    if comparator.keras_file is not None:
        from tfdeepsim.comparators.external_comparator import external_comparator

        built = external_comparator(
            Path(comparator.keras_file),
            comparator.layers,
            comparator_range=comparator_range,
            saw_labels=None,
        )
        if size is not None:
            built.check_size(size)
        return
    if comparator.keras_model is not None:
        from tfdeepsim.comparators.keras_applications.keras_application import check_application

        check_application(comparator.keras_model, comparator.layers, size, path)
        return
    network = ARCHITECTURES[comparator.name]
    if path is not None:
        from tfdeepsim.comparators.weights.load import load_weights

        network = load_weights(path, network, comparator.layers).architecture
    if size is not None:
        for layer in comparator.layers:
            network.feature_shape(layer, size)


def make_comparator(
    spec: str,
    weights: str | os.PathLike | None = None,
    seed: int = 0,
    *,
    weights_of_layers: str | None = None,
    comparator_input: str = "imagenet",
    feature_normalization: str = "none",
    feature_activation: str = "none",
    comparator_range: str = DEFAULT_RANGE,
    saw_labels: str | None = None,
) -> "Comparator":
    """Build a comparator.

    Args:
        spec: `NAME:LAYER`, or several layers with `+` between them.
        weights: Weights file, run directory, `download` or None, as `locate_weights` takes them.
        seed: Seed of the weights of `random_alexnet`.
        weights_of_layers: Weight of each layer in the feature loss, with commas between; None for 1
            each.
        comparator_input: `imagenet`, or `raw` for pixels in [0, 1], as `check_input` takes it.
        feature_normalization: `none`, or `channel` for features of unit length at each position.
        feature_activation: `none`, or `sigmoid` on the features, as in the code of Pihlgren et al.
            2020.
        comparator_range: Black and white that an `external:` network expects, a key of
            `INPUT_RANGES`.
        saw_labels: Dataset whose labels an `external:` network was trained with, `none`, or None if
            that is not known.

    Returns:
        The comparator, built and frozen.

    Raises:
        InputError: As `check_comparator`.

    Example:
        >>> comparator = tds.make_comparator("random_alexnet:relu2")
        >>> features = comparator(np.zeros((1, 64, 64, 3), np.float32))
    """
    comparator = _parse_known(spec)
    check_input(comparator.name, comparator_input)
    check_normalization(feature_normalization)
    check_activation(feature_activation)
    path = locate_weights(comparator.name, weights)
    options = {
        "layer_weights": layer_weights(weights_of_layers, comparator.layers),
        "feature_normalization": feature_normalization,
        "feature_activation": feature_activation,
    }
    if comparator.keras_file is not None:
        from tfdeepsim.comparators.external_comparator import external_comparator

        return external_comparator(
            Path(comparator.keras_file),
            comparator.layers,
            comparator_range=comparator_range,
            saw_labels=saw_labels,
            **options,
        )
    if comparator.keras_model is not None:
        from tfdeepsim.comparators.keras_applications.keras_application import KerasApplication

        return KerasApplication(
            comparator.keras_model,
            comparator.layers,
            weights_file=path,
            **options,
            name=comparator.keras_model.lower(),
        )
    from tfdeepsim.comparators.chains.chain_comparator import ChainComparator

    card = card_of(path) if path else None
    return ChainComparator(
        comparator.name,
        comparator.layers,
        weights_file=path,
        seed=seed if is_random(comparator.name) else None,
        source=f"bundled ({card['summary']})" if card else None,
        comparator_input=comparator_input,
        **options,
        name=comparator.name,
    )


def _parse_known(spec: str) -> Spec:
    """The parsed spelling of a comparator, if there is such a network."""
    comparator = parse(spec)
    if comparator.keras_model is not None:
        from tfdeepsim.comparators.keras_applications.catalog import check_model

        check_model(comparator.keras_model)
    return comparator
