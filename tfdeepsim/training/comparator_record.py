"""What a run records of its comparator: its source, its features, and its share of the time."""

import statistics
import time
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfdeepsim import losses
from tfdeepsim.comparators.comparator import Comparator, Field
from tfdeepsim.comparators.input_scaling import input_warning
from tfdeepsim.comparators.weights.locate import is_random
from tfdeepsim.deepsim import DeePSiM

TRIALS = 3
"""Measurements of which the median is taken."""


def comparator_record(comparator: Comparator) -> dict[str, Any]:
    """Name, layers, source, digest and settings of a comparator, and the dataset whose labels it
    saw, for `environment.json`."""
    names: tuple[str, ...]
    names = ("name", "layer", "source", "sha256", "saw_labels", "comparator_input")
    names += ("feature_normalization", "feature_activation")
    return {name: getattr(comparator, name) for name in names} | {
        "layer_weights": list(comparator.layer_weights)
    }


def comparator_summary(model: DeePSiM, images: tf.Tensor) -> str:
    """Lines for the plan: name, layers, source and digest; then shape and receptive field of the
    features of each layer.

    Args:
        model: Model whose comparator is described.
        images: Images [B, H, W, C] of the size that it compares.
    """
    comparator = model.comparator
    if comparator is None:
        return "none"
    network = f"{comparator.name}:{comparator.layer}, {comparator.source}"
    if comparator.sha256:
        network += f", sha256 {comparator.sha256[:12]}"
    warning = input_warning(comparator.comparator_input, is_random(comparator.name))
    lines = [network, *_features(comparator, tuple(images.shape[1:3]))]
    if model.feature_scales is not None:
        squares = ", ".join(f"{square:.4g}" for square in model.feature_scales)
        lines.append(f"feature errors are divided by the mean square of the features: {squares}")
    return "\n".join([*lines, f"warning: {warning}"] if warning else lines)


def _features(comparator: Comparator, size: tuple[int, int]) -> list[str]:
    lines = []
    for layer, shape, weight, receptive_field in zip(
        comparator.layers,
        comparator.feature_shapes(size),
        comparator.layer_weights,
        comparator.receptive_fields(),
        strict=True,
    ):
        features = "x".join(map(str, shape))
        of_weight = "" if len(comparator.layers) == 1 else f", weight {weight:g}"
        lines.append(f"{layer}: {features} features, {_seen(receptive_field)}{of_weight}")
    return lines


def _seen(receptive_field: Field) -> str:
    """What each feature sees, in words."""
    if receptive_field is None:
        return "each of the whole image"
    if isinstance(receptive_field, str):
        return f"receptive field {receptive_field}"
    side, stride = receptive_field
    return f"each of {side}x{side} pixels, every {stride}"


def comparator_seconds(model: DeePSiM, batch: Mapping[str, Any]) -> float:
    """Seconds of a training step that the comparator takes.

    They are spent on the features of the targets and of the generated images, and on the gradient
    with respect to the generated images.

    Args:
        model: Model with a comparator.
        batch: `image`, float [B, H, W, C] in [0, 1], and `features`, where those of the targets are
            kept and cost no time.
    """
    comparator = model.comparator

    @tf.function
    def work(batch: Mapping[str, Any]) -> tf.Tensor:
        images = batch["image"]
        target = batch["features"] if "features" in batch else comparator(images)
        target = tf.nest.map_structure(tf.stop_gradient, target)
        with tf.GradientTape() as tape:
            generated = 1.0 - images
            tape.watch(generated)
            loss = losses.feature_error(comparator(generated), target, comparator.layer_weights)
        return tape.gradient(loss, generated)

    seconds = []
    for _ in range(TRIALS + 1):
        begin = time.perf_counter()
        work(batch).numpy()
        seconds.append(time.perf_counter() - begin)
    # The first call also traces the function.
    return statistics.median(seconds[1:])
