"""A generator beside the network that it inverts."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.features import Features, blocks, wrong
from tfdeepsim.inversion.generate import as_bytes, generate, noise_dim_of


class TrainedInversion:
    """A network Φ and a trained generator that makes images of its features (Dosovitskiy & Brox
    2016, §4.3).

    All methods take and give NumPy arrays, 64 rows at a time. Images are bytes on both sides: the
    features of a generated image are those of the image that anyone can save and open again.

    Args:
        generator: Maps float32 features [B, n] or [B, h, w, c] to a dict with `image`, float [B, H,
            W, 3]. If it has an attribute `noise_dim` above 0, it also takes `noise`, float32 [B,
            noise_dim].
        extractor: As for `Features`.
        image_shape: (H, W, 3).
        name: What it is called in tables and pictures.

    Attributes:
        features: Gives the features of images.
        feature_shape: Of the features of one image.
        noise_dim: Elements of the generator's noise; 0 for none.

    Raises:
        InputError: If the extractor gives features of several layers, or the generator does not
            make images of `image_shape` of its features; also as the extractor.
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
        self._images = _traced_generator(generator, self.feature_shape, self.noise_dim)
        _check_generated(self._images, self.feature_shape, self.image_shape)

    def images(self, features: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
        """Images of features.

        Args:
            features: float32 [N, *feature_shape], N at least 1; from images, or made up.
            noise: float32 [N, noise_dim] for a generator that takes noise; None for zeros, its
                mean.

        Returns:
            uint8 [N, H, W, 3]: the generator's, clipped and rounded.

        Raises:
            InputError: If they are no such features or noise, or there is noise for a generator
                without.
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
        return np.concatenate(
            [self._images(*(x[rows] for x in inputs)).numpy() for rows in blocks(len(features))]
        )

    def reconstruct(self, images: Images) -> np.ndarray:
        """Images of the features of images, both uint8 [N, H, W, 3]; noise is zero.

        Raises:
            InputError: As `Features`.
        """
        return self.images(self.features(images))

    def _check_features(self, features: np.ndarray) -> None:
        fits = tf.TensorShape(self.feature_shape).is_compatible_with(features.shape[1:])
        if not len(features) or not np.issubdtype(features.dtype, np.floating) or not fits:
            raise wrong(
                "features must be those of the extractor", features, "floats", self.feature_shape
            )


def _traced_generator(
    generator: keras.Model, feature_shape: tuple[int, ...], noise_dim: int
) -> Any:
    signature = [tf.TensorSpec([None, *feature_shape], tf.float32)]
    if noise_dim:
        signature.append(tf.TensorSpec([None, noise_dim], tf.float32))

    @tf.function(autograph=False, input_signature=signature)
    def images(features: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
        return as_bytes(generate(generator, features, noise))

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
            "the generator must make images of the size that the extractor sees",
            got=list(shape),
            accepted=list(image_shape),
        )
