"""Weights of loss terms that keep shares of the gradient at the generated image."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_adversarial import Brightness, Half, same, squares
from test_deepsim import Scale

from tfdeepsim.config import TrainConfig
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.gate import GatedAdam
from tfdeepsim.gradient_shares import DECAY, GradientShares
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.generators import make_generator
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model
from tfdeepsim.training.checkpoint import TrainingProgress, load_state, save_state
from tfdeepsim.training.plan import measure_step

SHARES = {"feature": 0.6, "adversarial": 0.1, "image": 0.3}
SHAPE = (40, 40, 3)
WHITE = {"image": np.full((4, 2, 2, 1), 0.8, np.float32)}


class Features(keras.Model):
    """A comparator of one random convolution, whose features are larger by a factor."""

    input_range = (0.0, 1.0)
    layer_weights = (1.0,)

    def __init__(self, factor=1.0):
        super().__init__()
        self.kernel = tf.constant(np.random.default_rng(0).normal(size=(3, 3, 3, 4)), tf.float32)
        self.factor = factor

    def call(self, images):
        images = tf.cast(images, tf.float32)
        return self.factor * tf.nn.relu(tf.nn.conv2d(images, self.kernel, 2, "VALID"))


def make(shares=SHARES, comparator=None, **options):
    """Build a small model; equal arguments give equal weights."""
    keras.utils.set_random_seed(0)
    generator = make_generator("dosovitskiy", SHAPE, 25, False, width=0.1)
    discriminator = Discriminator(SHAPE, width=0.1)
    options = {"lambda_units": "shares", **options}
    model = DeePSiM(generator, shares, comparator or Features(), discriminator, **options)
    model.compile(optimizer=GatedAdam(1e-3))
    return model


def images(seed, count=4):
    return {"image": np.random.default_rng(seed).random((count, *SHAPE), np.float32)}


def numbers(weights):
    return {name: float(weight) for name, weight in weights.items()}


def one_step(model, batch=WHITE):
    return numbers(model.train_step(batch))


def half(weights, **options):
    """A model of one weight."""
    options["lambda_units"] = "shares"
    model = DeePSiM(Half(), weights, discriminator=Brightness(2.0), **options)
    model.compile(optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-3))
    return model


def test_weights_in_closed_form():
    shares = GradientShares({"feature": 6.0, "adversarial": 1.0, "image": 3.0})
    # Before the first step nothing is known of the gradients.
    assert numbers(shares.weights_of_terms()) == pytest.approx(SHARES)
    steps = [{"feature": 50.0, "adversarial": 0.5, "image": 0.1}, dict.fromkeys(SHARES, 1.0)]
    shares.update(numbers(steps[0]))
    assert numbers(shares.weights_of_terms()) == pytest.approx(
        {"feature": 0.6 * 0.1 / 50, "adversarial": 0.1 * 0.1 / 0.5, "image": 0.3}
    )
    shares.update(steps[1])
    # Running means, corrected for their start at 0.
    norms = {name: (DECAY * norm + 1.0) / (DECAY + 1.0) for name, norm in steps[0].items()}
    assert numbers(shares.weights_of_terms()) == pytest.approx(
        {name: share * norms["image"] / norms[name] for name, share in SHARES.items()}
    )


@pytest.mark.parametrize(
    ("terms", "reference"),
    [
        (("feature", "adversarial", "image"), "image"),
        (("adversarial", "feature"), "feature"),
        (("diversity", "adversarial"), "adversarial"),
    ],
)
def test_the_reference_has_its_share_as_weight(terms, reference):
    shares = GradientShares(dict.fromkeys(terms, 2.0))
    shares.update({name: 1.0 + number for number, name in enumerate(terms)})
    assert shares.reference == reference
    assert numbers(shares.weights_of_terms())[reference] == pytest.approx(1 / len(terms))


def test_a_term_without_gradient_has_no_infinite_weight():
    shares = GradientShares(SHARES)
    for norms in ((0.0, 1.0, 2.0), (3.0, 0.0, 0.0), (0.0, 0.0, 0.0), (1e-30, 1.0, 1e30)):
        shares.update(dict(zip(SHARES, map(tf.constant, norms), strict=True)))
        weights = numbers(shares.weights_of_terms())
        assert all(0 < weight <= 1e9 for weight in weights.values()), norms


def test_no_step_has_more_than_five_times_its_share():
    shares = GradientShares({"feature": 0.5, "image": 0.5})
    for _ in range(200):
        shares.update({"feature": tf.constant(0.0), "image": tf.constant(1.0)})
    shares.update({"feature": tf.constant(7.0), "image": tf.constant(1.0)})
    assert 7.0 * numbers(shares.weights_of_terms())["feature"] == pytest.approx(0.5 * 5)


def test_a_dead_term_in_training():
    """Its features are constant, so it has no gradient; the others go on as before."""

    class Dead(Features):
        def call(self, images):
            return 0.0 * images + 1.0

    model = make({"feature": 0.5, "image": 0.5}, Dead())
    for seed in range(3):
        logs = one_step(model, images(seed))
    assert all(np.isfinite(value) for value in logs.values())
    assert logs["gradient_feature"] == 0.0
    assert logs["lambda_image"] == pytest.approx(0.5)
    assert all(np.isfinite(v).all() for v in model.state_variables())


def test_one_step_in_closed_form():
    """White images of 0.8, generated at 0.4, with logits 1.6 and 0.8."""
    model = half({"adversarial": 1.0, "image": 3.0})
    logs = one_step(model)
    # Norms at four pixels, each a fourth of a mean: 2 (g − y) / 4 and 2 (D − 1) / 4.
    image = 2 * 0.4 / 4 * 2
    lose = 1 - 1 / (1 + np.exp(-0.8))
    adversarial = 2 * lose / 4 * 2
    weights = {"image": 0.75, "adversarial": 0.25 * image / adversarial}
    assert logs["lambda_image"] == pytest.approx(0.75)
    assert logs["lambda_adversarial"] == pytest.approx(weights["adversarial"], rel=1e-5)
    assert logs["gradient_image"] == pytest.approx(0.75 * image, rel=1e-5)
    assert logs["gradient_adversarial"] == pytest.approx(0.25 * image, rel=1e-5)
    terms = {"image": 0.16, "adversarial": np.log1p(np.exp(-0.8))}
    assert logs["loss"] == pytest.approx(sum(weights[k] * terms[k] for k in terms), rel=1e-5)
    slope = weights["image"] * 2 * -0.4 * 0.8 + weights["adversarial"] * 2 * 0.8 * -lose
    # First step of Adam: rate · g / (|g| + ε / √0.001).
    step = 1e-3 * slope / (abs(slope) + 1e-3 / 0.001**0.5)
    np.testing.assert_allclose(model.generator.w.numpy() - 0.5, -step, rtol=1e-3)


def test_the_kl_term_has_its_weight_beside_an_image_term_of_weight_1():
    """A loss with a single image term is that of mean units, whatever its share."""
    slopes = []
    for weights, units in (
        ({"image": 1.0, "kl": 0.3}, "mean"),
        ({"image": 5.0, "kl": 0.3}, "shares"),
    ):
        model = DeePSiM(Scale(), weights, lambda_units=units)
        model.compile(optimizer=keras.optimizers.SGD(0.1))
        for _ in range(3):
            model.train_step(WHITE)
        slopes.append(float(model.generator.w.numpy()))
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-6)


@pytest.mark.parametrize(
    "factor",
    [1.0, *(pytest.param(factor, marks=pytest.mark.slow) for factor in (0.03, 30.0))],
)
def test_shares_are_met_whatever_the_scale_of_the_features(factor):
    """After 50 steps with the learning rate of adversarial training, over the next 10."""
    model = make(comparator=Features(factor))
    model.compile(optimizer=GatedAdam(2e-4))
    for steps in (range(50), range(50, 60)):
        batches = tf.data.Dataset.from_generator(
            lambda steps=steps: ({"image": squares(16, seed)} for seed in steps),
            output_signature={"image": tf.TensorSpec((16, *SHAPE))},
        )
        history = model.fit(batches, steps_per_epoch=len(steps), verbose=0, shuffle=False).history
    norms = {name: history[f"gradient_{name}"][0] for name in SHARES}
    total = sum(norms.values())
    assert {name: norm / total for name, norm in norms.items()} == pytest.approx(SHARES, rel=0.1)


def test_before_the_start_the_adversarial_share_is_0_and_its_gradient_is_measured():
    model = half({"adversarial": 0.4, "image": 0.6}, adversarial_start=1)
    logs = one_step(model)
    assert logs["lambda_adversarial"] == logs["gradient_adversarial"] == 0.0
    # The image term keeps its own share.
    assert logs["lambda_image"] == pytest.approx(0.6)
    assert all(norm > 0 for norm in model.gradient_shares.norms.numpy())
    for metric in model.metrics:
        metric.reset_state()
    logs = one_step(model)
    assert logs["lambda_adversarial"] > 0
    assert logs["gradient_adversarial"] > 0


def test_norms_are_measured_while_the_generator_is_paused():
    model = make(gate="hysteresis")
    one_step(model, images(0))
    before = model.gradient_shares.norms.numpy()
    model.gate.generator.assign(0.0)
    weights = [w.numpy() for w in model.generator.trainable_variables]
    one_step(model, images(1))
    assert same(weights, [w.numpy() for w in model.generator.trainable_variables])
    assert not np.any(before == model.gradient_shares.norms.numpy())


def test_validation_uses_the_weights_of_training_and_leaves_them():
    model = half({"adversarial": 1.0, "image": 3.0})
    weights = one_step(model)
    before = model.gradient_shares.norms.numpy()
    model.reset_metrics()
    logs = numbers(model.test_step(WHITE))
    assert same([before], [model.gradient_shares.norms.numpy()])
    for name in ("adversarial", "image"):
        assert logs[f"weighted_{name}"] == pytest.approx(weights[f"lambda_{name}"] * logs[name])
    assert not any(name.startswith("lambda_") for name in logs)


def test_mean_units_have_no_state_of_shares_and_no_logged_weights():
    model = make(lambda_units="mean")
    assert model.gradient_shares is None
    assert not any(name.startswith("lambda_") for name in model.means)
    with pytest.raises(InputError, match="lambda_units: got paper; accepted: mean, shares"):
        make(lambda_units="paper")


def test_a_resumed_state_continues_bit_for_bit(tmp_path):
    first, second = make(), make()
    for seed in range(2):
        first.train_step(images(seed))
    save_state(RunDirectory(tmp_path), first, TrainingProgress(step=2))
    load_state(RunDirectory(tmp_path), second)
    assert all(norm > 0 for norm in second.gradient_shares.norms.numpy())
    for model in (first, second):
        for seed in (2, 3):
            model.train_step(images(seed))
    for a, b in zip(first.state_variables(), second.state_variables(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=a.path)


def test_measuring_leaves_the_model_as_it_was():
    model = make()
    before = [v.numpy() for v in model.state_variables()]
    measure_step(model, images(0))
    assert same(before, [v.numpy() for v in model.state_variables()])


def test_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = make()
    keras.config.set_dtype_policy("float32")
    assert mixed.gradient_shares.norms.dtype == "float32"
    logs = one_step(mixed, images(0))
    total = sum(logs[f"gradient_{name}"] for name in SHARES)
    assert {n: logs[f"gradient_{n}"] / total for n in SHARES} == pytest.approx(SHARES, rel=0.01)


def test_flags_of_a_run():
    assert TrainConfig(loss="deepsim", lambda_units="shares").loss_weights == SHARES
    assert TrainConfig(loss="deepsim", lambda_units="shares").loss_name == "deepsim"
    perceptual = TrainConfig(loss="perceptual", lambda_units="shares", lambda_img=0.5)
    assert perceptual.loss_weights == {"feature": 1.0, "image": 0.5}
    assert TrainConfig(lambda_units="shares", model="vae").loss_weights["kl"] == 0.002
    with pytest.raises(InputError, match=r"--lambda-img is out of range: got -0\.1"):
        TrainConfig(lambda_units="shares", lambda_img=-0.1)


@pytest.mark.parametrize(
    ("flags", "monitor"),
    [
        ({"loss": "perceptual"}, "val_loss"),
        ({"loss": "perceptual", "lambda_img": 1.0}, "epoch"),
        ({"loss": "deepsim"}, "epoch"),
        ({"model": "vae"}, "val_loss"),
    ],
)
def test_what_is_monitored(flags, monitor):
    """Losses under weights that move cannot be compared."""
    fields = {"comparator": "random_alexnet:relu1"} if "loss" in flags else {}
    config = TrainConfig(**flags, **fields, lambda_units="shares")
    assert AutoencoderTask(config).monitor == monitor
    if flags == {"loss": "perceptual", "lambda_img": 1.0}:
        assert AutoencoderTask(TrainConfig(**flags, **fields)).monitor == "val_loss"


def test_a_task_passes_its_shares_on(tmp_path):
    np.savez(tmp_path / "images.npz", images=np.zeros((40, 64, 64, 3), np.uint8))
    config = TrainConfig(
        dataset=f"npz:{tmp_path}/images.npz",
        network="dosovitskiy",
        width=0.05,
        image_size=64,
        lambda_units="shares",
        lambda_adv=0.5,
    )
    task = AutoencoderTask(config)
    model = build_model(task)
    assert model.gradient_shares.shares == {"image": 1.0, "adversarial": 0.5}
    assert task.plan(model)["loss"] == (
        "0.5 adversarial + 1 image, as shares of the gradient at the generated image"
    )
