"""One step of the generator: the gradient of each term at the generated image, and of their sum."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.loss_terms import OF_IMAGES, Tensors
from tfdeepsim.step_values import sum_in_order


def gradients_at_image(tape: tf.GradientTape, means: Tensors, image: tf.Tensor) -> Tensors:
    """Gradient of each term that acts on the generated image, without its weight.

    Args:
        tape: Persistent tape that recorded the terms.
        means: Mean of each term over the examples of this replica, divided by the number of
            replicas.
        image: Generated images [B, H, W, C].

    Returns:
        By name of the term, [B, H, W, C]; 0 for a term that does not depend on the image.
    """
    return {
        name: tape.gradient(mean, image, unconnected_gradients="zero")
        for name, mean in means.items()
        if name in OF_IMAGES
    }


def generator_gradients(
    tape: tf.GradientTape,
    variables: Sequence[keras.Variable],
    means: Tensors,
    image: tf.Tensor,
    image_gradients: Tensors,
    weights: Mapping[str, Any],
) -> list[tf.Tensor]:
    """Gradient of the loss for each of the generator's weights.

    The terms on images are weighted at the generated image, and their sum is passed back through
    the generator once.

    Args:
        tape, means, image: As `gradients_at_image` takes them.
        variables: Weights of the generator.
        image_gradients: What `gradients_at_image` returned.
        weights: Weight of each term.
    """
    others = [name for name in means if name not in image_gradients]
    outputs = [means[name] for name in others]
    output_gradients = [tf.cast(weights[name], tf.float32) for name in others]
    if image_gradients:
        outputs.append(image)
        output_gradients.append(
            sum_in_order([weights[name] * value for name, value in image_gradients.items()])
        )
    return tape.gradient(outputs, variables, output_gradients=output_gradients)
