"""Shapes and receptive fields that a network states, against its features and gradients."""

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.chains.forward import adaptive_average_pool
from tfdeepsim.comparators.spec import ARCHITECTURES


def images(*size, batch=2, seed=0):
    return tf.constant(np.random.default_rng(seed).random((batch, *size, 3)), tf.float32)


@pytest.mark.parametrize("size", [(64, 64), (63, 98)])
@pytest.mark.parametrize("name", ["alexnet", "caffe_alexnet", "exemplar_cnn"])
def test_feature_shape_is_the_shape_of_the_features(name, size):
    network = ARCHITECTURES[name]
    dense = next(index for index, step in enumerate(network.layers) if step.kind == "dense")
    layers = network.layer_names[:dense]
    comparator = ChainComparator(name, layers, seed=0)
    for layer, features in zip(layers, comparator(images(*size)), strict=True):
        assert features.shape == (2, *comparator.architecture.feature_shape(layer, size)), layer
    expected = [(None, *shape) for shape in comparator.feature_shapes(size)]
    assert comparator.compute_output_shape((None, *size, 3)) == expected


@pytest.mark.parametrize("name", ["alexnet", "caffe_alexnet", "exemplar_cnn"])
def test_the_smallest_image_gives_one_position(name):
    for step in ARCHITECTURES[name].layers[:9]:
        comparator = ChainComparator(name, [step.name], seed=0)
        size = comparator.minimum_size
        if step.kind != "dense" and size > 1:
            assert comparator(images(size, size)).shape[1:3] == (1, 1), step.name


def seen(comparator, row, size):
    """First and last row of the image that the features at a position depend on."""
    x = images(size, size, batch=4)
    with tf.GradientTape() as tape:
        tape.watch(x)
        features = comparator(x)
        # Random signs: gradients of equal sign could cancel.
        signs = np.random.default_rng(1).choice([-1.0, 1.0], features.shape[-1]).astype(np.float32)
        loss = tf.reduce_sum(features[:, row, features.shape[2] // 2] * signs)
    rows = np.flatnonzero(np.abs(tape.gradient(loss, x)).max(axis=(0, 2, 3)))
    return rows[0], rows[-1]


@pytest.mark.parametrize(
    ("name", "size"), [("alexnet", 150), ("caffe_alexnet", 150), ("exemplar_cnn", 48)]
)
def test_receptive_field_is_what_the_gradient_reaches(name, size):
    network = ARCHITECTURES[name]
    for layer in network.layer_names[: network.layer_names.index("relu3") + 1]:
        comparator = ChainComparator(name, [layer], seed=0)
        [(field, step)] = comparator.receptive_fields()
        row = comparator.feature_shapes((size, size))[0][0] // 2
        (first, last), (next_first, next_last) = (
            seen(comparator, at, size) for at in (row, row + 1)
        )
        assert (last - first + 1, next_first - first, next_last - last) == (field, step, step), (
            layer
        )


def test_dense_layers_see_the_whole_image():
    comparator = ChainComparator("exemplar_cnn", ["conv1", "fc4"], seed=0)
    assert comparator.receptive_fields() == [(5, 1), None]


@pytest.mark.parametrize("length", [1, 2, 4, 6, 7, 13])
def test_adaptive_average_pool_averages_its_bins(length):
    x = np.random.default_rng(0).random((2, length, 5, 3)).astype(np.float32)
    expected = np.zeros((2, 6, 6, 3))
    for i in range(6):
        rows = slice(int(np.floor(i * length / 6)), int(np.ceil((i + 1) * length / 6)))
        for j in range(6):
            columns = slice(int(np.floor(j * 5 / 6)), int(np.ceil((j + 1) * 5 / 6)))
            expected[:, i, j] = x[:, rows, columns].mean((1, 2))
    np.testing.assert_allclose(adaptive_average_pool(tf.constant(x), 6), expected, rtol=1e-6)
