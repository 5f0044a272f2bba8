"""Adversarial training: what each network learns from, pauses, logs, resuming, and PyTorch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim import losses
from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.gate import GatedAdam
from tfdeepsim.networks.autoencoder import Autoencoder
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.dosovitskiy import MapDecoder, MapEncoder
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.checkpoint import TrainingProgress, load_state, save_state
from tfdeepsim.training.plan import measure_step

SHAPE, LATENT = (40, 40, 3), 50
ALL = {"feature": 1.0, "adversarial": 0.1, "image": 10.0}


def squares(count, seed=0):
    """Squares of one colour at random places, on grey."""
    generator = np.random.default_rng(seed)
    images = np.full((count, *SHAPE), 0.5, np.float32)
    for image, (x, y) in zip(images, generator.integers(0, 24, (count, 2)), strict=True):
        image[y : y + 16, x : x + 16] = generator.random(3)
    return images


BATCH = {"image": squares(4)}


def make(weights=ALL, optimizer=None, dropout=True, **options):
    """Build a small model; equal arguments give equal weights."""
    keras.utils.set_random_seed(0)
    generator = Autoencoder(
        MapEncoder(SHAPE, LATENT, width=0.1), MapDecoder(SHAPE, LATENT, width=0.1)
    )
    discriminator = Discriminator(SHAPE, width=0.1)
    if not dropout:
        without_dropout(discriminator)
    model = DeePSiM(
        generator, weights, ChainComparator("alexnet", ["relu1"], seed=0), discriminator, **options
    )
    model.compile(optimizer=optimizer or keras.optimizers.Adam(1e-3))
    return model


def without_dropout(network):
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0


def values(network):
    return [w.numpy() for w in network.trainable_variables]


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def step(model):
    """Logs of a step on `BATCH`."""
    return {name: float(value) for name, value in model.train_step(BATCH).items()}


def dataset(images, steps):
    repeated = tf.data.Dataset.from_tensors({"image": images}).repeat(steps)
    return repeated.apply(tf.data.experimental.assert_cardinality(steps))


class Brightness(keras.Model):
    """A discriminator of one weight, for which bright images are real: logits (0, w · mean)."""

    def __init__(self, weight=1.0):
        super().__init__()
        self.w = self.add_weight(shape=(), initializer=keras.initializers.Constant(weight))
        self.built = True

    def call(self, images, training=False):
        means = tf.reduce_mean(images, (1, 2, 3))
        return tf.stack([0.0 * means, self.w * means], 1)


class Half(keras.Model):
    """A generator of one weight: image = w · x, w = ½."""

    def __init__(self):
        super().__init__()
        self.w = self.add_weight(shape=(), initializer=keras.initializers.Constant(0.5))
        self.built = True

    def call(self, x, training=False):
        return {"image": self.w * x}


def softplus(x):
    return np.log1p(np.exp(x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_logs_in_closed_form():
    """White images of 0.8, generated at 0.4, with logits 1.6 and 0.8."""
    model = DeePSiM(Half(), {"adversarial": 0.5, "image": 3.0}, discriminator=Brightness(2.0))
    model.compile(optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-3))
    x = np.full((4, 2, 2, 1), 0.8, np.float32)
    logs = {name: float(value) for name, value in model.train_step({"image": x}).items()}
    discriminator_loss, adversarial = softplus(-1.6) + softplus(0.8), softplus(-0.8)
    expected = {
        "image": 0.16,
        "adversarial": adversarial,
        "weighted_image": 3 * 0.16,
        "weighted_adversarial": 0.5 * adversarial,
        "loss": 3 * 0.16 + 0.5 * adversarial,
        # d/d(pixel), each of which is a fourth of a mean: 3 · 2 (g − y) / 4, and ½ · 2 (D − 1) / 4.
        "gradient_image": 3 * 2 * 0.4 / 4 * 2,
        "gradient_adversarial": 0.5 * 2 * (1 - sigmoid(0.8)) / 4 * 2,
        "discriminator": discriminator_loss,
        "ratio": discriminator_loss / adversarial,
        "accuracy_real": 1.0,
        "accuracy_generated": 0.0,
        "discriminator_trained": 1.0,
        "generator_trained": 1.0,
    }
    assert logs == pytest.approx(expected, rel=1e-5)
    # First step of Adam: rate · g / (|g| + ε / √0.001).
    gradient = 3 * 2 * -0.4 * 0.8 + 0.5 * 2 * 0.8 * (sigmoid(0.8) - 1)
    discriminator_gradient = 0.8 * (sigmoid(1.6) - 1) + 0.4 * sigmoid(0.8)
    for weight, start, g in (
        (model.generator.w, 0.5, gradient),
        (model.discriminator.w, 2.0, discriminator_gradient),
    ):
        step = 1e-3 * g / (abs(g) + 1e-3 / 0.001**0.5)
        np.testing.assert_allclose(weight.numpy() - start, -step, rtol=1e-3)


def test_validation_has_no_gradients_and_no_dropout():
    model = make()
    logs = [
        model.evaluate(dataset(BATCH["image"], 2), verbose=0, return_dict=True) for _ in range(2)
    ]
    assert logs[0] == logs[1]
    expected = {"loss", *ALL, *(f"weighted_{name}" for name in ALL)}
    assert set(logs[0]) == expected | {
        "discriminator",
        "ratio",
        "accuracy_real",
        "accuracy_generated",
    }


def test_a_discriminator_without_a_weight_is_left_out():
    model = make({"image": 1.0})
    assert model.discriminator is None
    assert model.gate is None
    assert set(step(model)) == {"loss", "image", "weighted_image"}


def test_the_discriminators_loss_does_not_reach_the_generator():
    """Without a weight for the adversarial term the generator learns as it would alone."""
    alone, adversarial = make({"image": 1.0}), make({"image": 1.0, "adversarial": 0.0})
    before = values(adversarial.discriminator)
    for model in (alone, adversarial):
        model.train_step(BATCH)
    assert not same(before, values(adversarial.discriminator))
    for a, b in zip(values(alone.generator), values(adversarial.generator), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_generators_loss_does_not_reach_the_discriminator():
    """It learns the same whatever the weights of the generator's terms."""
    models = make(ALL), make({"adversarial": 50.0})
    for model in models:
        model.train_step(BATCH)
    assert not same(*(values(model.generator) for model in models))
    for a, b in zip(*(values(model.discriminator) for model in models), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("paused", "other"), [("discriminator", "generator"), ("generator", "discriminator")]
)
def test_a_paused_network_stays_as_it_is(paused, other):
    model = make(gate="hysteresis", optimizer=GatedAdam(1e-3))
    getattr(model.gate, paused).assign(0.0)
    optimizers = {"generator": model.optimizer, "discriminator": model.discriminator_optimizer}
    moments = [v for v in optimizers[paused].variables if v.ndim]
    before = {name: values(getattr(model, name)) for name in optimizers}
    logs = step(model)
    assert same(before[paused], values(getattr(model, paused)))
    assert all(not np.any(v) for v in moments)
    assert not same(before[other], values(getattr(model, other)))
    assert (logs[f"{paused}_trained"], logs[f"{other}_trained"]) == (0.0, 1.0)
    assert all(int(optimizer.iterations.numpy()) == 1 for optimizer in optimizers.values())


def saturate(model, logit):
    """Logits of 0 and of `logit` or beyond for the batch's images."""
    last = model.discriminator.layers[-1]
    kernel = last.kernel.numpy()
    kernel[:, 0] = 0
    last.kernel.assign(kernel)
    logits = model.discriminator(BATCH["image"]).numpy()[:, 1]
    assert abs(np.sign(logits).sum()) == len(logits)
    last.kernel.assign(kernel * logit * np.sign(logits[0]) / np.abs(logits).min())


@pytest.mark.parametrize("logit", [80.0, -80.0])
def test_losses_are_finite_for_saturated_discriminators(logit):
    model = make(dropout=False)
    saturate(model, logit)
    assert np.all(np.diff(model.discriminator(BATCH["image"])) / logit > 0.999)
    for _ in range(3):
        assert all(np.isfinite(value) for value in step(model).values())
    assert all(np.isfinite(v.numpy()).all() for v in model.state_variables())


def test_pauses_follow_the_ratio():
    """A discriminator that is always right is paused from the second step on; one that guesses is
    not."""
    model = DeePSiM(Half(), {"adversarial": 1.0, "image": 1.0}, discriminator=Brightness(100.0))
    model.compile(optimizer=keras.optimizers.Adam(1e-6))
    x = np.full((4, 2, 2, 1), 1.0, np.float32)
    # Logits 100 and 50: it takes both for real, so r is large.
    model.train_step({"image": x})
    assert model.gate.discriminator.numpy() == 1.0
    # Generated images that are dark below 0: logits 100 and -50.
    model.generator.w.assign(-0.5)
    model.train_step({"image": x})
    assert (model.gate.discriminator.numpy(), model.gate.generator.numpy()) == (0.0, 1.0)
    weight = model.discriminator.w.numpy()
    model.train_step({"image": x})
    assert model.discriminator.w.numpy() == weight
    # It is not ahead any longer: the next step trains it again.
    model.discriminator.w.assign(0.0)
    model.train_step({"image": x})
    assert model.gate.discriminator.numpy() == 1.0
    model.train_step({"image": x})
    assert model.discriminator.w.numpy() != 0.0


def test_logged_gradients_are_those_of_each_term_at_the_image():
    model = make(dropout=False)
    x, image = BATCH["image"], tf.constant(model(BATCH["image"])["image"])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(image)
        terms = {
            "image": losses.squared_error(image, x),
            "feature": losses.squared_error(model.comparator(image), model.comparator(x)),
            "adversarial": losses.adversarial_loss(model.discriminator(image)),
        }
    logs = step(model)
    for name, weight in ALL.items():
        # Each example's own loss, not its share of the batch's.
        norms = np.linalg.norm(np.reshape(tape.gradient(terms[name], image), (4, -1)), axis=1)
        assert logs[f"gradient_{name}"] == pytest.approx(weight * norms.mean(), rel=1e-4)
        assert norms.mean() > 0
        assert logs[name] == pytest.approx(np.mean(terms[name]), rel=1e-4)


def test_the_discriminators_optimizer_has_the_same_settings():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([2], [4e-3, 2e-3])
    model = make(optimizer=keras.optimizers.Adam(schedule, beta_1=0.5, epsilon=1e-3))
    optimizer = model.discriminator_optimizer
    assert isinstance(optimizer, GatedAdam)
    assert (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon) == (0.5, 0.999, 1e-3)
    rates = []
    for _ in range(4):
        rates.append(float(optimizer.learning_rate))
        model.train_step(BATCH)
    assert rates == pytest.approx([4e-3, 4e-3, 4e-3, 2e-3])


@pytest.mark.slow
def test_eight_images_are_learned():
    """Image and feature terms fall. The adversarial term may rise, since the discriminator learns
    too."""
    model = make(optimizer=keras.optimizers.Adam(2e-3))
    data = squares(8)
    before = model.evaluate(dataset(data, 1), verbose=0, return_dict=True)
    logs = model.fit(
        dataset(data, 250), epochs=10, steps_per_epoch=25, verbose=0, shuffle=False
    ).history
    after = model.evaluate(dataset(data, 1), verbose=0, return_dict=True)
    assert after["image"] < 0.5 * before["image"]
    assert after["feature"] < 0.5 * before["feature"]
    assert min(logs["discriminator"]) < 0.9 * 2 * np.log(2)


def test_a_resumed_state_continues_bit_for_bit(tmp_path):
    first, second = (make(gate="hysteresis", optimizer=GatedAdam(1e-3)) for _ in range(2))
    for seed in range(2):
        first.train_step({"image": squares(4, seed)})
    first.gate.discriminator.assign(0.0)
    save_state(RunDirectory(tmp_path), first, TrainingProgress(step=2))
    assert load_state(RunDirectory(tmp_path), second).step == 2
    assert second.gate.discriminator.numpy() == 0.0
    for model in (first, second):
        for seed in (2, 3):
            model.train_step({"image": squares(4, seed)})
    for a, b in zip(first.state_variables(), second.state_variables(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=a.path)


def test_state_holds_both_networks_both_optimizers_noise_and_gate():
    model = make()
    state = model.state_variables()
    assert len(set(map(id, state))) == len(state)
    parts = (
        model.generator,
        model.optimizer,
        model.discriminator,
        model.discriminator_optimizer,
        model.gate,
    )
    assert {id(v) for v in state} == {id(v) for part in parts for v in part.variables}
    assert sum("seed_generator_state" in v.path for v in model.discriminator.variables) == 2
    assert len(model.gate.variables) == 2


def test_measuring_leaves_the_model_as_it_was():
    model = make()
    before = [v.numpy() for v in model.state_variables()]
    measure_step(model, BATCH)
    assert same(before, [v.numpy() for v in model.state_variables()])


def test_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = make(dropout=False)
    keras.config.set_dtype_policy("float32")
    exact = make(dropout=False)
    logs = [step(model) for model in (mixed, exact)]
    for name in ("loss", "image", "feature", "adversarial", "discriminator", "gradient_image"):
        assert logs[0][name] == pytest.approx(logs[1][name], rel=0.1)
    assert {v.dtype for v in mixed.discriminator.trainable_variables} == {"float32"}


@pytest.mark.parity
def test_steps_are_those_of_pytorch():
    pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    import torch_adversarial

    # With a small epsilon, Adam would turn the rounding of a small gradient into a whole step.
    settings = {"rate": 1e-2, "epsilon": 1e-3}
    model = make(
        optimizer=keras.optimizers.Adam(settings["rate"], epsilon=settings["epsilon"]),
        dropout=False,
    )
    generator = model.generator
    networks = {
        "encoder": generator.encoder,
        "decoder": generator.decoder,
        "discriminator": model.discriminator,
        "comparator": model.comparator,
    }
    before = {name: network.get_weights() for name, network in networks.items()}
    expected = torch_adversarial.train(before, BATCH["image"], ALL, steps=2, **settings)
    for _ in range(2):
        model.train_step(BATCH)
    for name, network in networks.items():
        pairs = zip(network.get_weights(), expected[name], before[name], strict=True)
        difference, moved = np.max(
            [[np.abs(a - b).max(), np.abs(a - c).max()] for a, b, c in pairs], 0
        )
        assert difference < 1e-5, name
        assert (moved > 1e-3) == (name != "comparator")
