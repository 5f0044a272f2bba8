"""Training in float16: a step that overflows is skipped by all networks, and told by no check."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.loss_scale import FIRST_SCALE, STEPS_TO_DOUBLE, LossScale, all_finite

IMAGES = np.random.default_rng(0).random((4, 8, 8, 3)).astype(np.float32)
BATCHES = tf.data.Dataset.from_tensors({"image": IMAGES})


def network(filters, last):
    return keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(filters, 3), last])


def make(policy):
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(0)
    generator = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 1)])
    pooled = keras.layers.GlobalAveragePooling2D
    weights = {"feature": 1.0, "adversarial": 0.1, "image": 1.0}
    model = DeePSiM(generator, weights, network(4, pooled()), network(2, pooled()))
    model.compile(keras.optimizers.Adam(0.01))
    return model


def state(model):
    return [variable.numpy() for variable in model.state_variables()]


def test_factor_halves_after_an_overflow_and_doubles_after_many_good_steps():
    loss_scale = LossScale()
    loss_scale.update(tf.constant(False))
    assert float(loss_scale.scale) == FIRST_SCALE / 2
    loss_scale.good_steps.assign(STEPS_TO_DOUBLE - 1)
    loss_scale.update(tf.constant(True))
    assert (float(loss_scale.scale), float(loss_scale.good_steps)) == (FIRST_SCALE, 0.0)


def test_all_finite():
    assert all_finite([tf.ones(2), tf.zeros(3)])
    assert not all_finite([tf.ones(2), tf.constant([0.0, np.inf])])


def test_losses_and_steps_are_those_of_float32():
    logs, weights = {}, {}
    for policy in ("float32", "mixed_float16"):
        model = make(policy)
        history = model.fit(BATCHES.repeat(3), verbose=0, shuffle=False).history
        logs[policy] = {name: values[0] for name, values in history.items()}
        weights[policy] = [variable.numpy() for variable in model.trainable_variables]
    assert logs["mixed_float16"] == pytest.approx(logs["float32"], rel=0.02, abs=1e-3)
    for half, single in zip(*weights.values(), strict=True):
        np.testing.assert_allclose(half, single, atol=5e-3)


def test_a_step_that_overflows_is_skipped_by_generator_and_discriminator():
    model = make("mixed_float16")
    # No gradient of float16 is finite at this factor.
    model.loss_scale.scale.assign(1e30)
    networks = (model.generator, model.discriminator)
    before = [variable.numpy() for part in networks for variable in part.variables]
    # Paused, and a good ratio would open it.
    model.gate.discriminator.assign(0.0)
    gate = [variable.numpy() for variable in model.gate.variables]
    model.fit(BATCHES, verbose=0, shuffle=False)
    after = [variable.numpy() for part in networks for variable in part.variables]
    for new, old in zip(after, before, strict=True):
        np.testing.assert_array_equal(new, old)
    assert [variable.numpy() for variable in model.gate.variables] == gate
    assert float(model.loss_scale.scale) == 2.0**24
    assert int(model.optimizer.iterations) == 1
    # The next step is taken once the factor is small enough.
    model.loss_scale.scale.assign(1024.0)
    model.fit(BATCHES, verbose=0, shuffle=False)
    assert any(
        (a.numpy() != b).any() for a, b in zip(model.generator.variables, before[:2], strict=True)
    )


def test_the_factor_is_part_of_the_state():
    in_float16, in_float32 = make("mixed_float16"), make("float32")
    assert len(state(in_float16)) == len(state(in_float32)) + 2
    assert in_float32.loss_scale is None


def test_another_optimizer_than_adam_is_refused():
    model = make("mixed_float16")
    with pytest.raises(InputError, match="the optimizer SGD; accepted: keras"):
        model.compile(keras.optimizers.SGD(0.1))
