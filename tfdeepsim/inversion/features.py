"""Features of images, computed from bytes in batches."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.batches import over_batches
from tfdeepsim.data.splits.split import Images
from tfdeepsim.errors import InputError

BATCH_SIZE = 64


class Features:
    """The features Φ(x) of a network as a function of uint8 images.

    Args:
        extractor: TensorFlow function from float32 images [B, H, W, 3] in [0, 1] to features, e.g.
            a comparator of one layer.
        image_shape: (H, W, 3) of the images.

    Attributes:
        extractor: The network.
        image_shape: (H, W, 3) of the images.
        shape: Shape of the features of one image.

    Raises:
        InputError: If the extractor returns features of several layers, or it does not take images
            of this shape.

    Example:
        >>> features = Features(make_comparator("random_alexnet:relu2"), (64, 64, 3))
        >>> features(np.zeros((5, 64, 64, 3), np.uint8)).shape
        (5, 7, 7, 192)
    """

    def __init__(self, extractor: Callable[[tf.Tensor], Any], image_shape: Sequence[int]):
        self.extractor: Any = extractor
        self.image_shape = tuple(image_shape)
        self._extract = _traced(extractor, self.image_shape)
        outputs = self._extract.get_concrete_function().structured_outputs
        if isinstance(outputs, list | tuple):
            raise InputError(
                "features of one layer are inverted",
                got=f"{len(outputs)} layers",
                accepted="an extractor of one layer",
            )
        self.shape = tuple(outputs.shape[1:])

    def __call__(self, images: Images) -> np.ndarray:
        """Compute features in batches of 64 images.

        Args:
            images: uint8 [N, H, W, 3] with at least one image; in memory, mapped from a file, or
                decoded when they are read.

        Returns:
            float32 [N, *shape].

        Raises:
            InputError: If the images are not of this dtype and shape.
        """
        if (
            images.dtype != np.uint8
            or not len(images)
            or tuple(images.shape[1:]) != self.image_shape
        ):
            raise unsuitable_array(
                "images must have the size that the network takes",
                images,
                "uint8",
                self.image_shape,
            )
        return over_batches(self._extract, images, batch_size=BATCH_SIZE)


def _traced(extractor: Callable[[tf.Tensor], Any], image_shape: tuple[int, ...]) -> Any:
    # AutoGraph would replace an InputError of the extractor by an error of its own.
    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, *image_shape], tf.uint8)])
    def features(images: tf.Tensor) -> Any:
        outputs = extractor(tf.cast(images, tf.float32) / 255.0)
        return outputs if isinstance(outputs, list | tuple) else tf.cast(outputs, tf.float32)

    return features


def unsuitable_array(rule: str, array: Any, dtype: str, row_shape: tuple[int, ...]) -> InputError:
    """The error for an array of a wrong dtype or shape.

    Args:
        rule: What the array must be, in words.
        array: The array that was passed.
        dtype: Name of the accepted dtype.
        row_shape: Accepted shape of a row.
    """
    accepted_shape = ", ".join(["N", *map(str, row_shape)])
    return InputError(
        rule,
        got=f"{array.dtype} {list(array.shape)}",
        accepted=f"{dtype} [{accepted_shape}], one row or more",
    )
