"""A trained inversion: a network, and the generator that inverts it."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.batches import over_batches
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.features import BATCH_SIZE, Features, unsuitable_array
from tfdeepsim.inversion.generate import generate, noise_dim_of
from tfdeepsim.pixels import to_bytes


class TrainedInversion:
    """A network Φ, and a trained generator of images from its features (Dosovitskiy & Brox 2016,
    §4.3).

    All methods take and return NumPy arrays, and compute in batches of 64. Images are bytes
    throughout: the features of a generated image are those of the image as it would be saved.

    Args:
        generator: Maps float32 features [B, n] or [B, h, w, c] to a dictionary with `image`, float
            [B, H, W, 3]. If it has an attribute `noise_dim` above 0, it also takes `noise`, float32
            [B, noise_dim].
        extractor: Network as for `Features`.
        image_shape: (H, W, 3) of the images.
        name: Name in tables and pictures.

    Attributes:
        features: Function from images to their features.
        feature_shape: Shape of the features of one image.
        noise_dim: Length of the generator's noise vector; 0 for none.

    Raises:
        InputError: If the extractor returns features of several layers, or the generator does not
            map its features to images of `image_shape`; also as the extractor.

    Example:
        >>> inversion = TrainedInversion(generator, make_comparator("alexnet:fc6"), (227, 227, 3))
        >>> reconstructions = inversion.reconstruct(images)
    """

    def __init__(
        self,
        generator: keras.Model,
        extractor: Callable[[tf.Tensor], Any],
        image_shape: Sequence[int],
        name: str = "",
    ):
        self.generator = generator
        self.extractor = extractor
        self.image_shape = tuple(image_shape)
        self.name = name
        self.noise_dim = noise_dim_of(generator)
        self.features = Features(extractor, self.image_shape)
        self.feature_shape = self.features.shape
        self._generate = _traced(generator, self.feature_shape, self.noise_dim)
        _check_generated(self._generate, self.feature_shape, self.image_shape)

    def images(self, features: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
        """Generate images from features.

        Args:
            features: float32 [N, *feature_shape] with at least one row; of images, or any others.
            noise: float32 [N, noise_dim] for a generator that takes noise; None for zeros, the mean
                of the noise.

        Returns:
            uint8 [N, H, W, 3], the generator's output, clipped and rounded.

        Raises:
            InputError: If features or noise have a wrong shape, or a generator without noise is
                given some.
        """
        self._check_features(features)
        if noise is not None and noise.shape != (len(features), self.noise_dim or None):
            raise InputError(
                "noise must fit the generator and the features",
                got=f"noise {list(noise.shape)}",
                accepted=f"[{len(features)}, {self.noise_dim}]" if self.noise_dim else "none",
            )
        if self.noise_dim and noise is None:
            noise = np.zeros((len(features), self.noise_dim), np.float32)
        inputs = [np.asarray(x, np.float32) for x in (features, noise) if x is not None]
        return over_batches(
            lambda rows: to_bytes(self._generate(*(x[rows] for x in inputs))),
            np.arange(len(features)),
            batch_size=BATCH_SIZE,
        )

    def reconstruct(self, images: Images) -> np.ndarray:
        """Generate images from the features of images, without noise.

        Args:
            images: uint8 [N, H, W, 3].

        Returns:
            uint8 [N, H, W, 3].

        Raises:
            InputError: As `Features`.
        """
        return self.images(self.features(images))

    def _check_features(self, features: np.ndarray) -> None:
        fits = tf.TensorShape(self.feature_shape).is_compatible_with(features.shape[1:])
        if not len(features) or not np.issubdtype(features.dtype, np.floating) or not fits:
            raise unsuitable_array(
                "features must be those of the extractor", features, "floats", self.feature_shape
            )


def _traced(generator: keras.Model, feature_shape: tuple[int, ...], noise_dim: int) -> Any:
    """Traced function from features, and noise if the generator takes any, to float images."""
    signature = [tf.TensorSpec([None, *feature_shape], tf.float32)]
    if noise_dim:
        signature.append(tf.TensorSpec([None, noise_dim], tf.float32))

    @tf.function(autograph=False, input_signature=signature)
    def images(features: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
        return generate(generator, features, noise)

    return images


def _check_generated(
    images: Any, feature_shape: tuple[int, ...], image_shape: tuple[int, ...]
) -> None:
    try:
        shape = tuple(images.get_concrete_function().output_shapes)[1:]
    except ValueError as error:
        raise InputError(
            "the generator must take the features of the extractor",
            got=f"features {list(feature_shape)}",
            accepted="a generator that was trained on this layer and image size",
        ) from error
    if shape != image_shape:
        raise InputError(
            "the generator must make images of the size that the extractor takes",
            got=list(shape),
            accepted=list(image_shape),
        )
