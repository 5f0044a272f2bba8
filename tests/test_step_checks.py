"""Checks of a training step, with and without XLA: each names the term and the step."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.pretraining.pretext import Pretext
from tfdeepsim.step_checks import OUT_OF_RANGE, StepChecks, StepError
from tfdeepsim.training.checkpoint import TrainingProgress
from tfdeepsim.training.plan import trial_steps
from tfdeepsim.training.step_errors import numerics_errors

WEIGHTS = {"image": 1.0, "feature": 1.0, "adversarial": 0.1, "kl": 0.1}
JIT = pytest.mark.parametrize("jit", [False, True])


class Generator(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = keras.layers.Conv2D(3, 1)
        self.conv.build((None, 8, 8, 3))
        self.built = True

    def call(self, x, training=False):
        image = self.conv(x)
        latent = tf.reduce_mean(image, [1, 2])
        return {"image": image, "latent": latent, "log_variance": 0.0 * latent}


def network(filters):
    layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(filters, 3)]
    return keras.Sequential([*layers, keras.layers.GlobalAveragePooling2D()])


def make(jit, terms=tuple(WEIGHTS)):
    keras.utils.set_random_seed(0)
    weights = {name: WEIGHTS[name] for name in terms}
    discriminator = network(2) if "adversarial" in terms else None
    model = DeePSiM(Generator(), weights, network(4), discriminator)
    model.compile("adam", jit_compile=jit)
    return model


def batches(*values):
    """A batch of noise for each value, which stands in one pixel of it."""
    images = np.random.default_rng(0).random((len(values), 4, 8, 8, 3)).astype(np.float32)
    images[:, 1, 2, 3, 0] = values
    return tf.data.Dataset.from_tensor_slices({"image": images})


def message(model, data, fit=True):
    run = model.fit if fit else model.evaluate
    with pytest.raises(InputError) as raised, numerics_errors(TrainingProgress()):
        run(data, verbose=0, **({"shuffle": False} if fit else {}))
    return str(raised.value)


@JIT
@pytest.mark.parametrize("term", ["image", "adversarial"])
def test_nan_in_the_images_is_told(term, jit):
    terms = [term] if term == "image" else ["image", "adversarial"]
    assert "NaN or infinity in term 'image'" in message(make(jit, terms), batches(0.5, np.nan))


@JIT
@pytest.mark.parametrize(("term", "part"), [("feature", "comparator"), ("kl", "generator")])
def test_the_term_is_named(term, part, jit):
    model = make(jit, [term])
    for variable in getattr(model, part).variables:
        variable.assign(tf.fill(variable.shape, 1e30))
    assert f"NaN or infinity in term '{term}' at step 1" in message(model, batches(0.5))


@JIT
def test_terms_of_the_discriminator_are_checked(jit):
    model = make(jit, ["adversarial"])
    model.discriminator.layers[0].bias.assign([np.nan] * 2)
    # Without XLA either of two checks may come first.
    pattern = "in term 'adversarial'" if jit else r"in term '(adversarial|discriminator)'"
    assert re.search(f"{pattern} at step 1;", message(model, batches(0.5)))


@JIT
@pytest.mark.parametrize("fit", [True, False])
def test_images_out_of_range_are_told_in_training_and_validation(fit, jit):
    text = message(make(jit, ["feature"]), batches(0.5, 255.0), fit)
    assert text.startswith("images must lie in the range that the comparator declares")
    assert "255" in text


def test_the_first_step_is_named_and_then_forgotten():
    model = make(True, ["feature"])
    with pytest.raises(StepError, match=OUT_OF_RANGE) as raised:
        model.fit(batches(0.5, 0.5, 7.0, 8.0, 0.5), verbose=0, shuffle=False)
    assert raised.value.step == 3
    assert "to 7" in raised.value.message
    model.checks.raise_first()


@JIT
def test_nothing_is_told_of_good_steps(jit):
    history = make(jit).fit(batches(0.5, 0.1), verbose=0, shuffle=False).history
    assert np.isfinite(list(history.values())).all()


@JIT
def test_pretraining(jit):
    class Objective:
        measure_names = ("loss",)

        def measures(self, chain, batch, training):
            return {"loss": tf.reduce_mean(chain(batch["image"]), axis=1)}

    chain = network(2)
    model = Pretext(chain, Objective())
    model.compile("adam", jit_compile=jit)
    assert "NaN or infinity in term 'loss'" in message(model, batches(0.5, np.nan))


def test_a_step_without_xla_is_stopped_at_once():
    checks = StepChecks(["image"], None, compiled=False)
    with pytest.raises(tf.errors.InvalidArgumentError, match="loss term 'image'"):
        checks.finite(tf.constant([np.nan]), "image")
    with pytest.raises(tf.errors.InvalidArgumentError, match=OUT_OF_RANGE):
        checks.in_range(tf.constant([2.0]), 0.0, 1.0)
    checks.raise_first()


@JIT
def test_a_trial_step_is_named_too(jit):
    model = make(jit, ["image"])
    model.generator.conv.bias.assign([1e30] * 3)
    batch = next(iter(batches(0.5)))
    with pytest.raises(InputError, match="in term 'image' at a trial step; accepted: data") as told:
        trial_steps(model, batch)
    assert "--resume" not in str(told.value)
