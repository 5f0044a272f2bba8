import keras
import numpy as np
import pytest

from tfdeepsim.probes.mlp.perceptron import forward, initial_parameters, layers, parameter_count

WIDTHS = (3, 8, 5, 2)


def test_initial_parameters_follow_from_seed_and_widths_alone():
    row = initial_parameters(WIDTHS, seed=4)
    assert row.dtype == np.float32
    assert row.shape == (parameter_count(WIDTHS),) == (3 * 8 + 8 + 8 * 5 + 5 + 5 * 2 + 2,)
    np.testing.assert_array_equal(row, initial_parameters(WIDTHS, seed=4))
    assert not np.array_equal(row, initial_parameters(WIDTHS, seed=5))


def test_initial_parameters_are_glorot_uniform_with_zero_biases():
    [(kernel, bias)] = layers(initial_parameters((300, 100), seed=0)[None], (300, 100))
    limit = np.sqrt(6 / 400)
    assert 0.99 * limit < np.abs(kernel).max() < limit
    np.testing.assert_allclose(np.std(kernel), limit / np.sqrt(3), rtol=0.02)
    np.testing.assert_array_equal(bias, 0)


@pytest.mark.parametrize("hidden", [(), (8,), (8, 5)])
def test_forward_equals_keras_for_each_row(hidden):
    widths = (3, *hidden, 2)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4, parameter_count(widths))).astype(np.float32)
    x = rng.normal(size=(4, 6, 3)).astype(np.float32)
    model = keras.Sequential([keras.Input((3,))])
    for units in hidden:
        model.add(keras.layers.Dense(units))
        model.add(keras.layers.LeakyReLU(0.01))
    model.add(keras.layers.Dense(2))
    outputs = forward(rows, widths, x)
    for i in range(4):
        weights = [value[i] for pair in layers(rows, widths) for value in pair]
        model.set_weights([np.squeeze(w, 0) if n % 2 else w for n, w in enumerate(weights)])
        np.testing.assert_allclose(outputs[i], model(x[i]), rtol=1e-5, atol=1e-5)


def test_one_batch_serves_all_rows():
    rows = np.random.default_rng(0).normal(size=(4, parameter_count(WIDTHS))).astype(np.float32)
    x = np.ones((6, 3), np.float32)
    np.testing.assert_allclose(
        forward(rows, WIDTHS, x), forward(rows, WIDTHS, np.stack([x] * 4)), rtol=1e-6
    )
