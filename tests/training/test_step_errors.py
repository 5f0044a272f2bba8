"""A device without memory for a step is one line that says what would help."""

import keras
import pytest
import tensorflow as tf

from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.training.plan import measure_step
from tfdeepsim.training.step_errors import memory_errors

HUGE = 2**27


@pytest.mark.parametrize(
    ("message", "got"),
    [
        (
            "OOM when allocating tensor with shape[64,512] and type float on "
            "/job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc\nHint: ...",
            "no memory for a tensor of shape [64,512] on GPU:0",
        ),
        # As XLA says it.
        ("{{function_node f}} Out of memory\n...", "Out of memory"),
    ],
)
def test_it_says_what_would_help(message, got):
    with pytest.raises(InputError) as raised, memory_errors():
        raise tf.errors.ResourceExhaustedError(None, None, message)
    assert str(raised.value) == (
        f"a training step must fit into the memory of its device: got {got}; "
        "accepted: a smaller --batch-size or --image-size, or another --precision"
    )


class Greedy(keras.layers.Layer):
    def call(self, images):
        # A shape that is known in the step only.
        side = HUGE * tf.cast(tf.reduce_max(images), tf.int64)
        return images + tf.reduce_sum(tf.fill([side, side], 0.0))


@pytest.mark.slow  # TensorFlow waits ten seconds for memory
def test_a_trial_step():
    inputs = keras.Input((8, 8, 3))
    outputs = keras.layers.Conv2D(3, 1)(Greedy(dtype="float32")(inputs))
    model = DeePSiM(keras.Model(inputs, outputs), {"image": 1.0})
    model.compile(optimizer="adam")
    with pytest.raises(InputError, match=r"no memory for a tensor of shape \[134217728,134217728"):
        measure_step(model, {"image": tf.ones((2, 8, 8, 3))})
