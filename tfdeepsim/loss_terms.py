"""The loss terms by their names, computed from the images of a step."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tfdeepsim import losses
from tfdeepsim.errors import InputError
from tfdeepsim.step_checks import StepChecks

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
    target_features: Any,
    layer_weights: Sequence[float],
    checks: StepChecks,
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
        target_features: What it returns for `target`, without a gradient.
        layer_weights: Weight of the squared error of each of the comparator's layers; none for 1
            each.
        checks: Checks the terms for NaN and infinity.

    Returns:
        By name, float32 [B].
    """
    compute = {
        "image": lambda: image_loss(generated["image"], target),
        "feature": lambda: _feature_error(
            comparator(generated["image"]), target_features, layer_weights
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
    return {name: checks.finite(compute[name](), name) for name in names}


def _feature_error(features: Any, targets: Any, layer_weights: Sequence[float]) -> tf.Tensor:
    weights = layer_weights or [1.0] * len(tf.nest.flatten(features))
    return losses.feature_error(features, targets, weights)


def check_weights(weights: Mapping[str, float], *, has_comparator: bool) -> None:
    """Check the weights of loss terms by their names.

    Args:
        weights: Weight of each term.
        has_comparator: Whether there is a network for the term `feature`.

    Raises:
        InputError: If there is no term, an unknown one, a weight that is no number or negative, or
            `feature` without a comparator.
    """
    known = (*OF_IMAGES, "kl")
    if unknown := [name for name in weights if name not in known]:
        raise InputError(
            "loss_weights names terms of the loss", got=unknown[0], accepted=", ".join(known)
        )
    for name, weight in weights.items():
        if not (isinstance(weight, int | float) and 0 <= weight < float("inf")):
            raise InputError(
                "the weight of a loss term is a number",
                got=f"{name} {weight!r}",
                accepted="0 or more",
            )
    if not weights:
        raise InputError("loss_weights has terms", got="none", accepted='{"image": 1.0}')
    if "feature" in weights and not has_comparator:
        raise InputError(
            "the term feature compares the features of a network",
            got="no comparator",
            accepted='comparator="alexnet:relu2", or a Keras model that gives features',
        )
