"""Up-convolution: "bed of nails" upsampling, then a convolution."""

from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.errors import InputError


def bed_of_nails(x: tf.Tensor) -> tf.Tensor:
    """Double height and width: each value becomes the lower right corner of a 2x2 block of zeros.

    Args:
        x: Feature maps [B, H, W, C].

    Returns:
        [B, 2 H, 2 W, C], of the same dtype.
    """
    zeros = tf.zeros_like(x)
    # depth_to_space fills every block row by row.
    return tf.nn.depth_to_space(tf.concat([zeros, zeros, zeros, x], axis=-1), 2)


@keras.saving.register_keras_serializable("tfdeepsim")
class UpConvolution(keras.layers.Layer):
    """`bed_of_nails` upsampling and a SAME convolution, without activation (Dosovitskiy & Brox
    2016, Sec. 3.1).

    Maps [B, H, W, in] to [B, 2 H, 2 W, filters]; H and W must be known when the layer is called. It
    is computed as the transposed convolution of stride 2 by the same kernel rotated by 180 degrees,
    which gives the same result without multiplying by the zeros. With values in the lower right
    corners, kernels of size 4 are symmetric: output pixels 2i and 2i + 1 see inputs i - 1, i and
    i, i + 1.

    Weights are `kernel` [k, k, in, filters], as for an ordinary convolution, and `bias` [filters].

    Args:
        filters: Number of output channels.
        kernel_size: Side k of the kernel, 2 or more.
        kernel_initializer: Initializer of `kernel`. Its fan-in is k * k * in, although only a
            quarter of these inputs are not zero.
        bias_initializer: Initializer of `bias`.
        **options: Options of `keras.layers.Layer`.

    Raises:
        InputError: If the kernel is so small that some outputs would see zeros alone.

    Example:
        >>> layer = UpConvolution(filters=16)
        >>> larger = layer(feature_maps)
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
