"""What is measured of a step, for logs: losses, gradients of the terms, and the discriminator."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tfdeepsim import losses
from tfdeepsim.loss_terms import OF_IMAGES, Tensors
from tfdeepsim.step_values import loss_ratio, sum_in_order


def measured_names(
    terms: Sequence[str], *, with_discriminator: bool, with_shares: bool
) -> list[str]:
    """Names of all measures of a training step.

    Args:
        terms: Names of the loss terms.
        with_discriminator: Whether there is a discriminator.
        with_shares: Whether weights of terms follow shares of the gradient.
    """
    names = ["loss", *terms, *(f"weighted_{name}" for name in terms)]
    on_images = [name for name in terms if name in OF_IMAGES]
    if len(on_images) > 1:
        names += [f"gradient_{name}" for name in on_images]
    if with_shares:
        names += [f"lambda_{name}" for name in on_images]
    if with_discriminator:
        names += ["discriminator", "ratio", "accuracy_real", "accuracy_generated"]
        names += ["discriminator_trained", "generator_trained"]
    return names


def loss_measures(terms: Tensors, weights: Mapping[str, Any]) -> Tensors:
    """The loss of each example, and its terms with and without their weights, float32 [B].

    Args:
        terms: Value of each term, [B], without its weight.
        weights: Weight of each term.
    """
    weighted = {name: weights[name] * value for name, value in terms.items()}
    loss = sum_in_order(list(weighted.values()))
    return {"loss": loss, **terms} | {f"weighted_{name}": v for name, v in weighted.items()}


def gradient_measures(norms: Tensors, weights: Mapping[str, Any], with_shares: bool) -> Tensors:
    """Norms of the weighted gradients at the generated image, and weights that follow them.

    Args:
        norms: Norm of the gradient of each example, [B], by term, without its weight.
        weights: Weight of each term.
        with_shares: Whether weights of terms follow shares of the gradient.
    """
    measures = {}
    if len(norms) > 1:
        measures = {f"gradient_{name}": weights[name] * norm for name, norm in norms.items()}
    if with_shares:
        measures |= {f"lambda_{name}": weights[name] for name in norms}
    return measures


def discriminator_measures(
    logits: Mapping[str, tf.Tensor], loss: tf.Tensor, adversarial: tf.Tensor
) -> Tensors:
    """Loss, ratio r = L_discr / L_adv and accuracies of the discriminator.

    Args:
        logits: Logits [B, 2] for `real` and `generated` images.
        loss: The discriminator's loss of each example, [B].
        adversarial: The generator's adversarial loss of each example, [B].
    """
    measures = {"discriminator": loss, "ratio": loss_ratio(loss, adversarial)}
    for name, label in (("real", losses.REAL), ("generated", losses.GENERATED)):
        measures[f"accuracy_{name}"] = tf.cast(tf.argmax(logits[name], 1) == label, tf.float32)
    return measures
