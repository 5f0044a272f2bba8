"""DeePSiM: terms, loss weights, gradients, and one step in closed form."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.step_checks import OUT_OF_RANGE


class Scale(keras.Model):
    """A generator of one weight: image = w · x, posterior N(w, 1)."""

    def __init__(self, weight=0.5):
        super().__init__()
        self.w = self.add_weight(shape=(), initializer=keras.initializers.Constant(weight))
        self.built = True

    def call(self, x, training=False):
        ones = tf.ones((tf.shape(x)[0], 2))
        return {"image": self.w * x, "latent": self.w * ones, "log_variance": 0.0 * ones}


class Doubled(keras.Model):
    """A comparator of one frozen weight: features = 2 · x."""

    input_range = (0.0, 1.0)
    layer_weights = (1.0,)

    def __init__(self):
        super().__init__()
        self.w = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(2.0), trainable=False
        )
        self.built = True

    def call(self, x):
        return self.w * x


BATCH = {"image": np.full((4, 2, 2, 1), 0.8, np.float32)}


def make(weights, **kwargs):
    model = DeePSiM(Scale(), weights, Doubled(), **kwargs)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    return model


def dataset(batch=BATCH, steps=1):
    repeated = tf.data.Dataset.from_tensors(batch).repeat(steps)
    return repeated.apply(tf.data.experimental.assert_cardinality(steps))


def test_terms_in_closed_form():
    terms = make({"image": 1.0, "feature": 1.0, "kl": 1.0}).terms(BATCH)
    np.testing.assert_allclose(terms["image"], [0.4**2] * 4, rtol=1e-6)
    np.testing.assert_allclose(terms["feature"], [0.8**2] * 4, rtol=1e-6)
    np.testing.assert_allclose(terms["kl"], [0.125] * 4, rtol=1e-6)


def test_only_weighted_terms_are_computed():
    model = DeePSiM(Scale(), {"image": 1.0})  # without a comparator
    assert set(model.terms(BATCH)) == {"image"}


def test_l1_image_loss():
    np.testing.assert_allclose(
        make({"image": 1.0}, image_loss="l1").terms(BATCH)["image"], [0.4] * 4, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("weights", "gradient"),
    [
        # d/dw of (w - 1)² x², of 4 (w - 1)² x², and of w²/2, at w = ½ and x = 0.8.
        ({"image": 1.0}, -0.64),
        ({"feature": 1.0}, -2.56),
        ({"kl": 1.0}, 0.5),
        ({"image": 3.0, "feature": 0.5, "kl": 2.0}, -3 * 0.64 - 0.5 * 2.56 + 2 * 0.5),
    ],
)
def test_one_step_in_closed_form(weights, gradient):
    model = make(weights)
    model.fit(dataset(), verbose=0, shuffle=False)
    np.testing.assert_allclose(model.generator.w, 0.5 - 0.1 * gradient, rtol=1e-5)
    assert model.comparator.w.numpy() == 2.0


def test_logs_hold_every_term_raw_and_weighted():
    model = make({"image": 3.0, "kl": 2.0})
    logs = model.fit(dataset(), validation_data=dataset(), verbose=0, shuffle=False).history
    names = {"loss", "image", "kl", "weighted_image", "weighted_kl"}
    assert set(logs) == names | {f"val_{name}" for name in names}
    assert logs["weighted_image"] == pytest.approx([3 * 0.16])
    assert logs["loss"] == pytest.approx([3 * 0.16 + 2 * 0.125])


def test_means_are_over_examples_not_batches():
    model = make({"image": 1.0})
    batches = tf.data.Dataset.from_tensor_slices(np.array([1, 1, 1, 0], np.float32)).batch(3)
    logs = model.evaluate(
        batches.map(lambda x: {"image": x[:, None, None, None]}), verbose=0, return_dict=True
    )
    assert logs["image"] == pytest.approx(0.75 * 0.25)


def test_a_term_that_is_nan_is_named():
    model = make({"image": 1.0, "feature": 1.0})
    model.comparator.w.assign(np.nan)
    with pytest.raises(tf.errors.InvalidArgumentError, match="loss term 'feature'"):
        model.fit(dataset(), verbose=0, shuffle=False)


def test_images_out_of_the_comparators_range_stop_the_first_batch():
    model = make({"feature": 1.0})
    with pytest.raises(tf.errors.InvalidArgumentError, match=OUT_OF_RANGE):
        model.fit(dataset({"image": BATCH["image"] * 255}), verbose=0, shuffle=False)
    # A pixel loss has no such range.
    make({"image": 1.0}).fit(dataset({"image": BATCH["image"] * 255}), verbose=0, shuffle=False)


def test_several_layers_are_weighed():
    model = make({"feature": 1.0})
    comparator = model.comparator

    class Two(Doubled):
        layer_weights = (1.0, 3.0)

        def call(self, x):
            return [comparator(x), x]

    model.comparator = Two()
    np.testing.assert_allclose(model.terms(BATCH)["feature"], [0.8**2 + 3 * 0.4**2] * 4, rtol=1e-6)


class ManyScales(Doubled):
    """A comparator of two layers, whose features are larger than usual by a factor."""

    layers = ("first", "second")
    layer_weights = (1.0, 3.0)

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return [self.factor * self.w * x, self.factor * x]


def scaled(factor, weights=None):
    """A model whose feature errors are divided by the mean squares of `ManyScales` on `BATCH`."""
    squares = [(2 * 0.8 * factor) ** 2, (0.8 * factor) ** 2]
    weights = weights or {"feature": 2.0, "image": 3.0}
    model = DeePSiM(Scale(), weights, ManyScales(factor), feature_scales=squares)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    return model


def test_relative_feature_errors_in_closed_form():
    # Half of every feature is missing: a quarter of its mean square, at both layers.
    terms = scaled(1.0).terms(BATCH)
    np.testing.assert_allclose(terms["feature"], [0.25 + 3 * 0.25] * 4, rtol=1e-6)
    np.testing.assert_allclose(
        scaled(1.0).weigh(terms), [2 * (0.25 + 3 * 0.25) + 3 * 0.4**2] * 4, rtol=1e-6
    )


def test_the_scale_of_features_changes_nothing_in_a_relative_loss():
    logs, weights = {}, {}
    for factor in (1.0, 1000.0):
        model = scaled(factor)
        logs[factor] = model.fit(dataset(steps=3), verbose=0, shuffle=False).history
        weights[factor] = float(model.generator.w.numpy())
    assert set(logs[1.0]) == set(logs[1000.0])
    for name, values in logs[1.0].items():
        assert values == pytest.approx(logs[1000.0][name], rel=1e-5)
    assert weights[1.0] == pytest.approx(weights[1000.0], rel=1e-6)
    assert weights[1.0] != 0.5


def test_scales_can_be_set_after_a_step():
    model = DeePSiM(Scale(), {"feature": 1.0}, ManyScales(1.0))
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    before = model.fit(dataset(), verbose=0, shuffle=False).history["feature"][0]
    model.feature_scales = [4.0, 2.0]
    after = model.fit(dataset(), verbose=0, shuffle=False).history["feature"][0]
    assert before == pytest.approx(0.8**2 + 3 * 0.4**2)
    assert after == pytest.approx(0.8**2 / 4 + 3 * 0.4**2 / 2)


def test_small_data_can_be_learned():
    model = make({"image": 1.0, "feature": 1.0})
    before = float(model.weigh(model.terms(BATCH))[0])
    model.fit(dataset(steps=50), verbose=0, shuffle=False)
    assert float(model.weigh(model.terms(BATCH))[0]) < 1e-3 * before
