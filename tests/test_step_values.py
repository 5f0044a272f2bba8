"""Values of a training step."""

import numpy as np
import tensorflow as tf

from tfdeepsim.step_measures import loss_measures
from tfdeepsim.step_values import sum_in_order


def test_sums_have_one_order():
    big, one = np.float32(2**24), np.float32(1)
    # From the last to the first, they would be 2**24 + 2.
    assert sum_in_order([tf.constant([x]) for x in (big, one, one)]).numpy() == [big]


def test_the_loss_of_a_step_leaves_its_order_to_no_thread():
    terms = {name: tf.TensorSpec([None]) for name in ("feature", "adversarial", "image")}
    weights = {"feature": 1.0, "adversarial": 0.01, "image": 20.0}
    graph = tf.function(lambda terms: loss_measures(terms, weights)).get_concrete_function(terms)
    # Of the operations that add tensors, the sum of a stack alone has an order.
    kinds = {operation.type for operation in graph.graph.get_operations()}
    assert kinds & {"AddN", "AddV2", "Sum"} == {"Sum"}
