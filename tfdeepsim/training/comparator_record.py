"""What a run says of its comparator: where it comes from, what it gives, and what it costs."""

import statistics
import time
from typing import Any

import tensorflow as tf

from tfdeepsim import losses
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.deepsim import DeePSiM

TRIALS = 3


def comparator_record(comparator: Comparator) -> dict[str, Any]:
    """Name, layers, source and digest, for the run's record."""
    names = ("name", "layer", "source", "sha256", "feature_normalization", "feature_activation")
    return {name: getattr(comparator, name) for name in names} | {
        "layer_weights": list(comparator.layer_weights)
    }


def comparator_line(model: DeePSiM, images: tf.Tensor) -> str:
    """Name, layers, source, digest, shapes of features, receptive fields."""
    comparator = model.comparator
    if comparator is None:
        return "none"
    return "\n".join(
        [
            f"{comparator.name}:{comparator.layer}, {comparator.source}, sha256 {comparator.sha256[:12]}",
            *_features(comparator, tuple(images.shape[1:3])),
        ]
    )


def _features(comparator: Comparator, size: tuple[int, int]) -> list[str]:
    lines = []
    for layer, shape, weight, field in zip(
        comparator.layers,
        comparator.feature_shapes(size),
        comparator.layer_weights,
        comparator.receptive_fields(),
        strict=True,
    ):
        features = "x".join(map(str, shape))
        seen = (
            "the whole image"
            if field is None
            else f"{field[0]}x{field[0]} pixels, every {field[1]}"
        )
        weighed = "" if len(comparator.layers) == 1 else f", weight {weight:g}"
        lines.append(f"{layer}: {features} features, each of {seen}{weighed}")
    return lines


def comparator_seconds(model: DeePSiM, images: tf.Tensor) -> float:
    """Seconds that the comparator takes of a training step.

    That is the features of the targets, those of generated images, and the gradient with respect to
    these.
    """
    comparator = model.comparator

    @tf.function
    def work(images: tf.Tensor) -> tf.Tensor:
        target = tf.nest.map_structure(tf.stop_gradient, comparator(images))
        with tf.GradientTape() as tape:
            generated = 1.0 - images
            tape.watch(generated)
            loss = losses.feature_error(comparator(generated), target, comparator.layer_weights)
        return tape.gradient(loss, generated)

    seconds = []
    for _ in range(TRIALS + 1):
        begin = time.perf_counter()
        work(images).numpy()
        seconds.append(time.perf_counter() - begin)
    # The first also traces.
    return statistics.median(seconds[1:])
