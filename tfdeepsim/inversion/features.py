"""The features of images, from bytes, as arrays."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError

BATCH_SIZE = 64


class Features:
    """A network Φ as a function of images in bytes, 64 at a time.

    Args:
        extractor: Maps float32 images [B, H, W, 3] in [0, 1] to features, in TensorFlow; a
            comparator of one layer is one.
        image_shape: (H, W, 3).

    Attributes:
        shape: Of the features of one image.

    Raises:
        InputError: If the extractor gives features of several layers; also as the extractor.
    """

    def __init__(self, extractor: Callable[[tf.Tensor], Any], image_shape: Sequence[int]):
        self.image_shape = tuple(image_shape)
        self._extract = _traced(extractor, self.image_shape)
        found = self._extract.get_concrete_function().structured_outputs
        if isinstance(found, list | tuple):
            raise InputError(
                "features of one layer are inverted",
                got=f"{len(found)} layers",
                accepted="an extractor of one",
            )
        self.shape = tuple(found.shape[1:])

    def __call__(self, images: Images) -> np.ndarray:
        """Features Φ(x).

        Args:
            images: uint8 [N, H, W, 3], N at least 1; in memory, mapped from a file, or read on
                demand.

        Returns:
            float32 [N, *shape].

        Raises:
            InputError: If they are no such images.
        """
        if (
            images.dtype != np.uint8
            or not len(images)
            or tuple(images.shape[1:]) != self.image_shape
        ):
            raise wrong(
                "images must be of the size that the network sees",
                images,
                "uint8",
                self.image_shape,
            )
        return np.concatenate([self._extract(images[rows]).numpy() for rows in blocks(len(images))])


def _traced(extractor: Callable[[tf.Tensor], Any], image_shape: tuple[int, ...]) -> Any:
    # Without autograph, which would wrap the error of an extractor.
    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, *image_shape], tf.uint8)])
    def features(images: tf.Tensor) -> Any:
        found = extractor(tf.cast(images, tf.float32) / 255.0)
        return found if isinstance(found, list | tuple) else tf.cast(found, tf.float32)

    return features


def wrong(rule: str, values: Any, dtype: str, shape: tuple[int, ...]) -> InputError:
    """The error for arrays that are not what was asked for."""
    wanted = ", ".join(["N", *map(str, shape)])
    return InputError(
        rule,
        got=f"{values.dtype} {list(values.shape)}",
        accepted=f"{dtype} [{wanted}], one row or more",
    )


def blocks(count: int) -> list[slice]:
    """Rows 0 to `count`, 64 at a time."""
    return [slice(start, start + BATCH_SIZE) for start in range(0, count, BATCH_SIZE)]
