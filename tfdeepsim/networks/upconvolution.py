"""Up-convolution: upsampling by a bed of nails, then a convolution."""

from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.errors import InputError


def bed_of_nails(x: tf.Tensor) -> tf.Tensor:
    """Twice the height and width: each value in the lower right corner of a 2x2 block, zeros
    elsewhere.

    Args:
        x: [B, H, W, C].

    Returns:
        [B, 2 H, 2 W, C], same dtype.
    """
    zeros = tf.zeros_like(x)
    # depth_to_space fills every block row by row.
    return tf.nn.depth_to_space(tf.concat([zeros, zeros, zeros, x], axis=-1), 2)


class UpConvolution(keras.layers.Layer):
    """`bed_of_nails`, then a SAME convolution: [B, H, W, in] to [B, 2 H, 2 W, filters]; no
    activation.

    Sec. 3.1 of Dosovitskiy & Brox 2016. It is computed as the stride-2 transposed convolution by
    the same kernel turned by 180 degrees, which is the same map and skips the zeros. Nails in the
    lower right corner make kernels of 4 symmetric: output pixels 2i and 2i + 1 see inputs i - 1, i
    and i, i + 1. H and W must be known when the layer is called.

    Weights are `kernel` [k, k, in, filters], as of the ordinary convolution, and `bias` [filters].

    Args:
        filters: Channels of the output.
        kernel_size: k, 2 or more.
        kernel_initializer: Of `kernel`; fan-in is k * k * in, of which a quarter meets nails.
        bias_initializer: Of `bias`.

    Raises:
        InputError: If the kernel does not reach from nail to nail.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 4,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **options: Any,
    ):
        super().__init__(**options)
        if kernel_size < 2:
            raise InputError(
                "up-convolution needs a larger kernel", got=kernel_size, accepted="2 or more"
            )
        self.filters = filters
        self.kernel_size = kernel_size
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shape = (self.kernel_size, self.kernel_size, input_shape[-1], self.filters)
        self.kernel = self.add_weight(
            shape=shape, initializer=self.kernel_initializer, name="kernel"
        )
        self.bias = self.add_weight(
            shape=(self.filters,), initializer=self.bias_initializer, name="bias"
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        turned = tf.transpose(tf.reverse(tf.convert_to_tensor(self.kernel), [0, 1]), [0, 1, 3, 2])
        shape = [tf.shape(x)[0], *self.compute_output_shape(x.shape)[1:]]
        return tf.nn.conv2d_transpose(x, turned, shape, strides=2, padding="SAME") + self.bias

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, height, width, _ = input_shape
        return (batch, height and 2 * height, width and 2 * width, self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }
