"""Gradients are found where they are computed, and only there."""

import keras
import pytest
import tensorflow as tf
from graph_operations import needed_operations

FILTER = "Conv2DBackpropFilter"


def step_of(learner, network):
    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(network(learner(x)) ** 2)
        return tape.gradient(loss, [*learner.trainable_variables, *network.trainable_variables])

    return step


@pytest.mark.parametrize(("trainable", "gradients"), [(False, 1), (True, 3)])
def test_a_trainable_network_has_a_gradient_for_each_kernel(trainable, gradients):
    x = tf.ones((1, 8, 8, 3))
    learner, *layers = (keras.layers.Conv2D(3, 3, padding="same") for _ in range(3))
    network = keras.Sequential(layers, trainable=trainable)
    network(learner(x))
    assert needed_operations(step_of(learner, network), x).count(FILTER) == gradients


def test_what_no_result_needs_is_left_out():
    @tf.function
    def function(x):
        tf.sin(x)
        return tf.cos(x)

    operations = needed_operations(function, tf.ones(2))
    assert "Cos" in operations
    assert "Sin" not in operations


def test_side_effects_are_needed():
    variable = tf.Variable(0.0)

    @tf.function
    def function(x):
        variable.assign(tf.sin(x))
        return tf.cos(x)

    assert {"Sin", "Cos", "AssignVariableOp"} <= set(needed_operations(function, tf.ones(())))


def test_looks_into_functions_branches_and_loops():
    @tf.function
    def called(x):
        tf.tan(x)
        return tf.sin(x)

    @tf.function
    def function(x):
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.exp(x), lambda: tf.tanh(x))
        return called(
            tf.while_loop(lambda z: tf.reduce_sum(z) < 9, lambda z: (tf.cos(z) + 1,), [y])[0]
        )

    operations = needed_operations(function, tf.ones(2))
    assert {"Sin", "Exp", "Tanh", "Less", "Cos"} <= set(operations)
    assert "Tan" not in operations
