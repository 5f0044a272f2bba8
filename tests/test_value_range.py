"""The range of pixel values."""

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.value_range import check_value_range, image_pair

TARGETS, OUTPUTS = np.random.default_rng(0).random((2, 3, 4, 5, 3), np.float32)


def test_images_are_scaled_to_one():
    targets, outputs, flaw = image_pair(255 * TARGETS, 510 * OUTPUTS - 255, (0.0, 255.0))
    np.testing.assert_allclose(targets, TARGETS, atol=1e-6)
    np.testing.assert_allclose(outputs, 2 * OUTPUTS - 1, atol=1e-6)
    assert float(flaw) == 0


def test_targets_may_be_a_rounding_outside_and_outputs_anywhere():
    image_pair(np.clip(3 * TARGETS - 1, -0.0009, 1.0009), 9 * OUTPUTS - 4, (0.0, 1.0))
    with pytest.raises(InputError, match=r"got -0\.0011 to 1; accepted: 0 to 1"):
        image_pair(np.clip(3 * TARGETS - 1, -0.0011, 1), OUTPUTS, (0.0, 1.0))


FLAWED = {
    "range": (2 * TARGETS - 1, OUTPUTS),
    "NaN target": (TARGETS * np.nan, OUTPUTS),
    "NaN output": (TARGETS, OUTPUTS * np.nan),
}


@pytest.mark.parametrize("name", FLAWED)
def test_a_flaw_is_an_error_where_steps_have_errors_and_nan_under_xla(name):
    def scaled(targets, outputs):
        return image_pair(targets, outputs, (0.0, 1.0))

    with pytest.raises(InputError):
        scaled(*FLAWED[name])
    with pytest.raises(tf.errors.InvalidArgumentError, match="accepted: "):
        tf.function(scaled)(*FLAWED[name])
    *_, flaw = tf.function(scaled, jit_compile=True)(*FLAWED[name])
    assert np.isnan(flaw)


def test_what_one_shape_tells_of_the_other():
    unknown = tf.TensorSpec((None, None, None, 3)), tf.TensorSpec((None, 4, 5, 3))
    scaled = tf.function(lambda *pair: image_pair(*pair, (0.0, 1.0)))
    targets, outputs, _ = scaled.get_concrete_function(*unknown).structured_outputs
    assert targets.shape.as_list() == outputs.shape.as_list() == [None, 4, 5, 3]


def test_ranges():
    assert check_value_range([0, 255]) == (0.0, 255.0)
    with pytest.raises(InputError, match=r"two numbers, the lower first"):
        check_value_range((1, 1))
