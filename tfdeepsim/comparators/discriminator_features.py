"""The comparator that is no network of its own: features of the discriminator that is trained."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators.comparator import Comparator, Field
from tfdeepsim.comparators.keras_applications.receptive_field import receptive_fields
from tfdeepsim.errors import InputError
from tfdeepsim.networks.discriminator import SMALLEST_SIDE


@keras.saving.register_keras_serializable("tfdeepsim")
class DiscriminatorFeatures(Comparator):
    """Features of the discriminator that is trained beside the generator, as it is in each step.

    Dosovitskiy & Brox 2016 (Sec. 4.3) tried conv5 and "were not able to get satisfactory results"
    with it; Larsen et al. 2015 have a comparator of this kind for faces. The features change with
    every step of the discriminator, whose weights are not part of this layer. `DeePSiM` connects it
    with its discriminator.

    Args:
        layers: Names of layers of the discriminator, `conv1` to `conv5`: the convolutions of Table
            1, before their leaky ReLUs.
        **options: `layer_weights`, `feature_normalization`, `feature_activation`, `name` and
            `dtype`, as `Comparator` takes them.

    Example:
        >>> comparator = DiscriminatorFeatures(["conv5"])
        >>> weights = {"feature": 1.0, "adversarial": 0.01, "image": 5.0}
        >>> model = DeePSiM(generator, weights, comparator, Discriminator((64, 64, 3)))
    """

    def __init__(self, layers: Sequence[str], **options: Any):
        super().__init__(
            layers,
            source="as it is trained in this run",
            sha256="",
            minimum_size=SMALLEST_SIDE,
            **{"name": "discriminator", **options},
        )
        self._features: Callable[[tf.Tensor], Any] | None = None

    def connect(self, discriminator: keras.Model | None) -> None:
        """Take the features of a discriminator.

        Args:
            discriminator: Functional model whose first input are images.

        Raises:
            InputError: If there is none, or it lacks one of the layers.
        """
        if discriminator is None:
            raise InputError(
                "features of the discriminator need the adversarial term",
                got="no discriminator",
                accepted="a discriminator, and a weight of the term adversarial",
            )
        convolutions = {layer.name: layer for layer in discriminator.layers}
        if not set(self.layers) <= set(convolutions) or not getattr(discriminator, "inputs", None):
            raise InputError(
                "the discriminator must be a functional model with these layers",
                got=f"{type(discriminator).__name__} without {self.layer}",
                accepted=", ".join(convolutions) or "a Discriminator",
            )
        outputs = [convolutions[name].output for name in self.layers]
        network = keras.Model(discriminator.inputs[0], outputs)
        self._shapes = tuple(tuple(output.shape[1:]) for output in outputs)
        self._fields = tuple(receptive_fields(network))
        # In a function, so that the discriminator's weights do not count as this layer's.
        self._features = lambda images: network(images)

    def __call__(self, images: Any, *args: Any, **kwargs: Any) -> Any:
        # Keras would wrap an error of `call` in a message of several lines.
        if self._features is None:
            raise InputError(
                "features of the discriminator exist only in training",
                got="no discriminator",
                accepted="DeePSiM, which connects them with its own",
            )
        return super().__call__(images, *args, **kwargs)

    def extract(self, images: tf.Tensor) -> list[tf.Tensor]:
        assert self._features is not None
        return tf.nest.flatten(self._features(images))

    def feature_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        """Shape of one image's features at each of `layers`, for the discriminator's image size."""
        return list(self._shapes)

    def receptive_fields(self) -> list[Field]:
        return list(self._fields)
