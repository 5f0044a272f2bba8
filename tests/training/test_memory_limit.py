"""Weights are counted before they are allocated."""

import keras
import pytest
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.training.memory_limit import COPIES, weights_within_memory

WEIGHTS = 4 * (4 * 3 + 3)
"""Bytes of a dense layer from 4 to 3 features."""


def dense(units=3):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])


def test_the_limit_is_that_of_weights_gradients_and_moments():
    with weights_within_memory(COPIES * WEIGHTS):
        assert len(dense().weights) == 2
    with (
        pytest.raises(InputError, match="must fit into memory"),
        weights_within_memory(COPIES * WEIGHTS - 1),
    ):
        dense()


def test_what_is_not_trained_is_counted_once():
    with weights_within_memory(60):
        tf.Variable(tf.zeros((5, 3)), trainable=False)
    with pytest.raises(InputError, match="must fit"), weights_within_memory(60):
        tf.Variable(tf.zeros((5, 3)))


def test_more_than_any_machine_has_is_refused_without_allocation():
    with pytest.raises(InputError, match=r"got at least [\d,.]+ GiB"), weights_within_memory():
        dense(10**12)


def test_initial_weights_are_the_same_as_without():
    keras.utils.set_random_seed(0)
    expected = dense().get_weights()[0]
    keras.utils.set_random_seed(0)
    with weights_within_memory():
        assert (dense().get_weights()[0] == expected).all()
