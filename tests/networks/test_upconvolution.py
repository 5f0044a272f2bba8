"""The up-convolution, compared with its definition."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.networks.upconvolution import UpConvolution, bed_of_nails


def test_bed_of_nails():
    x = np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]], np.float32)
    expected = [[0, 0, 0, 0], [0, 1, 0, 2], [0, 0, 0, 0], [0, 3, 0, 4]]
    np.testing.assert_array_equal(bed_of_nails(x)[0, :, :, 0], expected)


def test_channels_of_nails_stay_apart():
    x = np.random.default_rng(0).random((2, 3, 5, 4), np.float32)
    nails = bed_of_nails(x).numpy()
    np.testing.assert_array_equal(nails[:, 1::2, 1::2], x)
    np.testing.assert_allclose(nails.sum(), x.sum(), rtol=1e-5)


@pytest.mark.parametrize("kernel_size", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("sides", [(4, 6), (5, 3), (1, 2), (1, 1)])
def test_is_nails_and_convolution(kernel_size, sides):
    generator = np.random.default_rng(kernel_size)
    layer = UpConvolution(3, kernel_size, bias_initializer="random_normal")
    x = tf.constant(generator.normal(size=(2, *sides, 4)), tf.float32)
    layer.build(x.shape)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        ours = layer(x)
        nails = (
            tf.nn.conv2d(bed_of_nails(x), tf.convert_to_tensor(layer.kernel), 1, "SAME")
            + layer.bias
        )
        losses = [tf.reduce_sum(tf.sin(y)) for y in (ours, nails)]
    assert ours.shape == layer.compute_output_shape(x.shape) == (2, 2 * sides[0], 2 * sides[1], 3)
    np.testing.assert_allclose(ours, nails, atol=1e-5)
    gradients = [tape.gradient(loss, [x, *layer.trainable_variables]) for loss in losses]
    assert len(gradients[0]) == 3
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_kernel_of_four_is_symmetric():
    layer = UpConvolution(1, 4, kernel_initializer="ones")
    x = np.random.default_rng(0).random((1, 3, 4, 1), np.float32)
    np.testing.assert_allclose(layer(x[:, ::-1, ::-1]), layer(x)[:, ::-1, ::-1], atol=1e-6)


def test_initializers_survive_a_round_trip():
    layer = UpConvolution(2, 3, keras.initializers.Constant(0.25), keras.initializers.Constant(0.5))
    copy = UpConvolution.from_config(layer.get_config())
    # Kernels of size 3 see a single value in the first row and column.
    np.testing.assert_allclose(copy(np.ones((1, 1, 1, 1), np.float32))[0, 0, 0], [0.75, 0.75])


def test_low_precision():
    layer = UpConvolution(2, dtype="mixed_bfloat16")
    assert layer(np.ones((1, 2, 2, 3), np.float32)).dtype == tf.bfloat16
    assert {v.dtype for v in layer.variables} == {"float32"}


def test_kernel_that_misses_nails():
    with pytest.raises(InputError, match=r"larger kernel: got 1; accepted: 2 or more"):
        UpConvolution(3, 1)
