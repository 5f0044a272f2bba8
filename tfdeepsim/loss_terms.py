"""The loss terms by their names, computed from the images of a step."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tfdeepsim import losses
from tfdeepsim.step_values import checked_numbers

IMAGE_LOSSES = {"l2": losses.squared_error, "l1": losses.absolute_error}
OF_IMAGES = ("feature", "adversarial", "image", "diversity")
"""Terms that act on the generated image; `kl` acts on the posterior."""

Tensors = dict[str, tf.Tensor]


def loss_terms(
    names: Iterable[str],
    target: tf.Tensor,
    generated: Mapping[str, tf.Tensor],
    logits: Mapping[str, tf.Tensor],
    *,
    image_loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    comparator: Any,
    layer_weights: Sequence[float],
) -> Tensors:
    """Compute loss terms, without their weights.

    Args:
        names: Terms to compute.
        target: Target images [B, H, W, C].
        generated: Outputs of the generator: `image` [B, H, W, C]; for `kl` also `latent` and
            `log_variance` [B, Z]; for `diversity` also `noise` [B, n].
        logits: Logits [B, 2] of the discriminator, for `adversarial`: `generated`.
        image_loss: Function of two images, a value of `IMAGE_LOSSES`.
        comparator: Map from images to features, for `feature`.
        layer_weights: Weight of the squared error of each of the comparator's layers.

    Returns:
        By name, float32 [B], checked for NaN and infinity.
    """
    compute = {
        "image": lambda: image_loss(generated["image"], target),
        "feature": lambda: losses.feature_error(
            comparator(generated["image"]),
            tf.nest.map_structure(tf.stop_gradient, comparator(target)),
            layer_weights,
        ),
        "adversarial": lambda: losses.adversarial_loss(logits["generated"]),
        "kl": lambda: losses.kl_divergence(generated["latent"], generated["log_variance"]),
        "diversity": lambda: tf.tile(
            losses.diversity_loss(
                *tf.split(generated["image"], 2), *tf.split(generated["noise"], 2)
            ),
            [2],
        ),
    }
    return {name: checked_numbers(compute[name](), name) for name in names}
