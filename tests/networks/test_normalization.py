"""Fused batch normalization, compared with Keras' own layer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.networks.normalization import BatchNormalization


@pytest.fixture
def layers():
    """Keras' layer and ours with the same weights, none of them at its initial value."""
    generator = np.random.default_rng(0)
    pair = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5), BatchNormalization()
    weights = [generator.uniform(0.5, 2.0, 5).astype(np.float32) for _ in range(4)]
    for layer in pair:
        layer.build((None, 4, 6, 5))
        layer.set_weights(weights)
    return pair


X = np.random.default_rng(1).normal(3.0, 2.0, (3, 4, 6, 5)).astype(np.float32)


@pytest.mark.parametrize("training", [True, False])
def test_values_gradients_and_moving_statistics(layers, training):
    results = []
    for layer in layers:
        x = tf.constant(X)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=training)
            loss = tf.reduce_sum(tf.sin(y))
        results.append(
            [y, *tape.gradient(loss, [x, *layer.trainable_variables]), *layer.get_weights()]
        )
    for ours, keras_own in zip(*results, strict=True):
        np.testing.assert_allclose(ours, keras_own, rtol=1e-4, atol=1e-4)


def test_round_trip(layers):
    copy = BatchNormalization.from_config(layers[1].get_config())
    assert (copy.momentum, copy.epsilon, copy.synchronized) == (0.9, 1e-5, True)


def test_low_precision_keeps_float32_statistics():
    layer = BatchNormalization(dtype="mixed_bfloat16")
    assert layer(X, training=True).dtype == tf.bfloat16
    assert {v.dtype for v in layer.variables} == {"float32"}
    np.testing.assert_allclose(layer.moving_mean, 0.1 * X.mean((0, 1, 2)), rtol=1e-2)
