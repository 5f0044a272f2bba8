"""Which network is trained next, compared with the released code; and updates that are skipped."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.gate import GATES, Gate, GatedAdam

# Ratios r: chance, D wins, between the thresholds, D recovers, D loses badly, G stays paused, D
# wins, and so on.
RATIOS = (
    2.0,
    0.09,
    0.05,
    0.2,
    0.5,
    0.51,
    3.0,
    11.0,
    4.0,
    0.3,
    0.05,
    0.02,
    15.0,
    20.0,
    0.099,
    0.101,
    10.0,
    0.11,
)


def released(ratios):
    """(D, G) in every step, as the training code of Dosovitskiy & Brox decides."""
    discriminator, generator = True, True
    for ratio in ratios:
        yield discriminator, generator
        if ratio < 0.1 and discriminator:
            discriminator, generator = False, True
        if ratio > 0.5 and not discriminator:
            discriminator, generator = True, True
        if ratio > 10 and generator:
            discriminator, generator = True, False


def paper(ratios):
    """(D, G) in every step, section 3.2: D is paused as long as r is below 0.1."""
    yield True, True
    for ratio in ratios[:-1]:
        yield ratio >= 0.1, True


def off(ratios):
    return [(True, True)] * len(ratios)


def played(gate, ratios):
    """(D, G) in every step, as a gate decides."""
    for ratio in ratios:
        yield bool(gate.discriminator.numpy()), bool(gate.generator.numpy())
        gate.update(tf.constant(ratio))


@pytest.mark.parametrize(
    ("name", "rule"), [("paper", paper), ("hysteresis", released), ("off", off)]
)
def test_scripted_ratios(name, rule):
    assert list(played(Gate(name), RATIOS)) == list(rule(RATIOS))


def test_rules_differ():
    """The ratios lead to every state, so the test above can fail."""
    assert set(released(RATIOS)) == {(True, True), (False, True), (True, False)}
    assert set(paper(RATIOS)) == {(True, True), (False, True)}
    assert list(released(RATIOS)) != list(paper(RATIOS))


@pytest.mark.parametrize("name", ["paper", "hysteresis"])
def test_long_random_ratios(name):
    ratios = np.exp(np.random.default_rng(0).normal(size=500) * 2).astype(np.float32)
    rule = {"paper": paper, "hysteresis": released}[name]
    assert list(played(Gate(name), ratios)) == list(rule(ratios))


def test_the_same_in_a_graph():
    gate = Gate("hysteresis")
    update = tf.function(gate.update)
    states = []
    for ratio in RATIOS:
        states.append((bool(gate.discriminator.numpy()), bool(gate.generator.numpy())))
        update(tf.constant(ratio))
    assert states == list(released(RATIOS))


def test_state_is_two_frozen_variables_and_the_config_comes_back():
    gate = Gate("hysteresis", name="referee")
    assert [float(v.numpy()) for v in gate.variables] == [1.0, 1.0]
    assert not gate.trainable_variables
    again = Gate.from_config(gate.get_config())
    assert again.thresholds == GATES["hysteresis"]
    assert again.name == "referee"


GRADIENTS = [np.array([0.3, -2.0, 0.0], np.float32), np.array([[1e-6, 5.0]], np.float32)]


def parts(optimizer):
    """An optimizer that is built for two weights, and the weights."""
    weights = [keras.Variable(np.ones_like(g)) for g in GRADIENTS]
    optimizer.build(weights)
    return optimizer, weights


def apply(optimizer, weights, scale=1.0):
    optimizer.apply([tf.constant(g * scale) for g in GRADIENTS], weights)


def test_open_is_adam():
    (gated, ours), (adam, theirs) = parts(GatedAdam(0.1)), parts(keras.optimizers.Adam(0.1))
    for scale in (1.0, -0.5, 3.0):
        gated.open = tf.constant(1.0)
        apply(gated, ours, scale)
        apply(adam, theirs, scale)
    for a, b in zip([*ours, *gated.variables], [*theirs, *adam.variables], strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_skipped_update_leaves_weights_and_moments_and_counts_the_step():
    optimizer, weights = parts(GatedAdam(0.1))
    apply(optimizer, weights)
    state = [*weights, *(v for v in optimizer.variables if v is not optimizer.iterations)]
    before = [v.numpy() for v in state]
    assert any(np.abs(v).max() > 0 for v in before[2:])
    optimizer.open = tf.constant(0.0)
    for scale in (1.0, np.nan):
        apply(optimizer, weights, scale)
    for old, now in zip(before, state, strict=True):
        np.testing.assert_array_equal(now, old)
    assert int(optimizer.iterations.numpy()) == 3


def test_the_step_after_a_pause_corrects_for_all_steps():
    """It equals the third step of Adam with moments of a single gradient."""
    optimizer, weights = parts(GatedAdam(0.1))
    for is_open in (0.0, 0.0, 1.0):
        optimizer.open = tf.constant(is_open)
        apply(optimizer, weights)
    # m = 0.1 g and v = 0.001 g², divided by 1 − 0.9³ and √(1 − 0.999³).
    step = 0.1 * 0.1 / (1 - 0.9**3) * np.sqrt(1 - 0.999**3) / np.sqrt(0.001)
    np.testing.assert_allclose(weights[0].numpy()[:2], [1 - step, 1 + step], rtol=1e-5)


def test_learning_rates_follow_all_steps():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [1.0, 0.5])
    optimizer, weights = parts(GatedAdam(schedule))
    optimizer.open = tf.constant(0.0)
    for _ in range(2):
        apply(optimizer, weights)
    assert float(optimizer.learning_rate) == 0.5
