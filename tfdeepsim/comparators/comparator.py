"""What every comparator is: a frozen map from images to features."""

from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators import check_feature_activation
from tfdeepsim.errors import InputError


class Comparator(keras.layers.Layer):
    """A frozen network whose features tell how alike two images are (Dosovitskiy & Brox 2016, eq. 2).

    It owns its input scaling. Its weights are made with `trainable=False`, and `trainable` stays False
    whatever it is set to: Keras hands that switch down from a model to all that is in it, and a comparator
    that learns would agree with the generator for nothing.

    Subclasses make their weights in the constructor and give `extract` and `compute_output_shape`.

    Args:
        layer: Name of the layer whose features are compared.
        source: Where the weights come from, for the record.
        sha256: Digest of the weights in use, for the record.
        minimum_size: Smallest height and width of an image, in pixels.
        feature_activation: `none`, or `sigmoid` on the features, as Pihlgren et al. (2020) have it in their
            code.
        **options: `name` and `dtype` of the Keras layer.

    Raises:
        InputError: If `feature_activation` is neither.
    """

    input_range = (0.0, 1.0)

    def __init__(
        self,
        layer: str,
        *,
        source: str,
        sha256: str,
        minimum_size: int,
        feature_activation: str = "none",
        **options: Any,
    ):
        check_feature_activation(feature_activation)
        # Without autocast, pixels reach the input scaling unrounded under mixed precision too.
        super().__init__(trainable=False, autocast=False, **options)
        self.layer = layer
        self.source = source
        self.sha256 = sha256
        self.minimum_size = minimum_size
        self.feature_activation = feature_activation

    def extract(self, images: tf.Tensor) -> tf.Tensor:
        """Features, in the compute dtype, of float32 images."""
        raise NotImplementedError

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Features of images.

        Args:
            images: [B, H, W, 3], float, in [0, 1].

        Returns:
            [B, h, w, c], or [B, c] of a dense layer, float32.

        Raises:
            InputError: If the images are not of such a shape or dtype, or are too small.
        """
        features = tf.cast(self.extract(tf.cast(images, tf.float32)), tf.float32)
        return tf.sigmoid(features) if self.feature_activation == "sigmoid" else features

    def __call__(self, images: Any, *args: Any, **kwargs: Any) -> Any:
        # Before Keras, which would wrap the error in a traceback of several lines.
        _check_images(images, self.minimum_size)
        return super().__call__(images, *args, **kwargs)

    @property
    def trainable(self) -> bool:
        """Always False; setting it does nothing."""
        return False

    @trainable.setter
    def trainable(self, value: bool) -> None:
        pass

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["trainable"]
        return {**config, "layer": self.layer, "feature_activation": self.feature_activation}


def _check_images(images: Any, minimum_size: int) -> None:
    shape = tuple(images.shape)
    dtype = keras.backend.standardize_dtype(images.dtype)
    if len(shape) != 4 or shape[3] != 3 or None in shape[1:3] or "float" not in dtype:
        raise InputError(
            "a comparator takes colour images of a known size",
            got=f"shape {list(shape)}, {dtype}",
            accepted="[batch, height, width, 3], floating point in [0, 1]",
        )
    if min(shape[1:3]) < minimum_size:
        raise InputError(
            "images must be large enough for the comparator",
            got=f"{shape[1]}x{shape[2]} pixels",
            accepted=f"at least {minimum_size}x{minimum_size}",
        )
