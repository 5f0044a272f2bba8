"""Weight decay of the discriminator, and an adversarial term that joins after some steps."""

import io

import keras
import numpy as np
import pytest
import rich.console
import tensorflow as tf

from tfdeepsim.arrays import load_arrays
from tfdeepsim.commands.train import main
from tfdeepsim.config import TrainConfig
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.gate import GatedAdam
from tfdeepsim.networks.autoencoder import Autoencoder
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.dosovitskiy import MapDecoder, MapEncoder
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.balance import Balance
from tfdeepsim.training.checkpoint import Checkpoint
from tfdeepsim.training.plan import measure_step
from tfdeepsim.training.trainer import train

SHAPE = (40, 40, 3)
START = 3
BATCH = {"image": np.random.default_rng(0).random((4, *SHAPE), np.float32)}
QUIET = rich.console.Console(quiet=True)


def make(weights, **options):
    """Build a small model; equal arguments give equal weights."""
    keras.utils.set_random_seed(0)
    generator = Autoencoder(MapEncoder(SHAPE, 25, width=0.1), MapDecoder(SHAPE, 25, width=0.1))
    model = DeePSiM(generator, weights, None, Discriminator(SHAPE, width=0.1), **options)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    return model


def late(**options):
    return make({"image": 1.0, "adversarial": 0.5}, adversarial_start=START, **options)


def values(part):
    return [v.numpy() for v in part.variables]


def same(before, after):
    return all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


class Brightness(keras.Model):
    """A discriminator of one weight, for which bright images are real: logits (0, w · mean)."""

    def __init__(self, weight=2.0):
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


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_weight_decay_in_closed_form(decay):
    """It is added to the gradient before Adam; decoupled, it would be λ · rate · w beside it."""
    model = DeePSiM(
        Half(),
        {"adversarial": 0.5, "image": 3.0},
        discriminator=Brightness(),
        discriminator_weight_decay=decay,
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-3))
    model.train_step({"image": np.full((4, 2, 2, 1), 0.8, np.float32)})
    # White images of 0.8, generated at 0.4, with logits 1.6 and 0.8.
    gradient = 0.8 * (sigmoid(1.6) - 1) + 0.4 * sigmoid(0.8) + decay * 2.0
    # First step of Adam: rate · g / (|g| + ε / √0.001).
    step = 1e-3 * gradient / (abs(gradient) + 1e-3 / 0.001**0.5)
    np.testing.assert_allclose(model.discriminator.w.numpy() - 2.0, -step, rtol=1e-3)
    moments = [float(v.numpy()) for v in model.discriminator_optimizer.variables[2:]]
    np.testing.assert_allclose(moments, [0.1 * gradient, 0.001 * gradient**2], rtol=1e-4)


def test_weight_decay_leaves_the_generator_and_a_paused_discriminator_alone():
    plain, decayed = (
        make({"image": 1.0, "adversarial": 0.5}, discriminator_weight_decay=x) for x in (0.0, 0.1)
    )
    for model in (plain, decayed):
        model.train_step(BATCH)
    assert same(values(plain.generator), values(decayed.generator))
    assert not same(values(plain.discriminator), values(decayed.discriminator))
    decayed.gate.discriminator.assign(0.0)
    before = [v.numpy() for v in decayed.discriminator.trainable_variables]
    decayed.train_step(BATCH)
    assert same(before, [v.numpy() for v in decayed.discriminator.trainable_variables])


def test_before_the_start_the_generator_learns_as_without_the_term():
    alone, adversarial = make({"image": 1.0}), late()
    before = [v.numpy() for v in adversarial.discriminator.trainable_variables]
    for step in range(START):
        logs = adversarial.train_step(BATCH)
        alone.train_step(BATCH)
        assert same(values(alone.generator), values(adversarial.generator)), step
        assert float(logs["weighted_adversarial"]) == float(logs["gradient_adversarial"]) == 0.0
        assert float(logs["discriminator_trained"]) == 0.0
        assert float(logs["adversarial"]) > 0
        assert float(logs["loss"]) == float(logs["image"])
    discriminator = adversarial.discriminator.trainable_variables
    assert same(before, [v.numpy() for v in discriminator])
    adversarial.means["discriminator_trained"].reset_state()
    logs = adversarial.train_step(BATCH)
    alone.train_step(BATCH)
    assert float(logs["discriminator_trained"]) == 1.0
    assert not same(values(alone.generator), values(adversarial.generator))
    assert not any(np.array_equal(old, new) for old, new in zip(before, discriminator, strict=True))


def test_before_the_start_no_network_is_paused():
    model = late(gate="hysteresis")
    # It takes every image for a generated one with certainty, so that r is far from chance.
    last = model.discriminator.layers[-1]
    last.kernel.assign(tf.zeros_like(last.kernel))
    last.bias.assign([20.0, -20.0])
    for _ in range(START):
        model.train_step(BATCH)
    assert (model.gate.discriminator.numpy(), model.gate.generator.numpy()) == (1.0, 1.0)


def test_the_first_update_of_the_discriminator_is_that_of_a_new_optimizer():
    gradients = [np.array([0.3, -2.0], np.float32), np.array([0.1, 0.7], np.float32)]
    waiting, fresh = GatedAdam(0.1, first_step=START), keras.optimizers.Adam(0.1)
    ours, theirs = (keras.Variable(np.ones(2, np.float32)) for _ in range(2))
    for optimizer, weight in ((waiting, ours), (fresh, theirs)):
        optimizer.build([weight])
    waiting.open = tf.constant(0.0)
    for _ in range(START):
        waiting.apply([tf.constant(gradients[0])], [ours])
    waiting.open = tf.constant(1.0)
    for gradient in gradients:
        waiting.apply([tf.constant(gradient)], [ours])
        fresh.apply([tf.constant(gradient)], [theirs])
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert GatedAdam.from_config(waiting.get_config()).first_step == START
    assert late().discriminator_optimizer.first_step == START


def test_the_plan_measures_steps_that_train_both_and_leaves_the_model_as_it_was():
    model = late()
    before = [v.numpy() for v in model.state_variables()]
    trained = []
    update = model.means["discriminator_trained"].update_state
    model.means["discriminator_trained"].update_state = lambda v: (trained.append(v), update(v))[1]
    model.run_eagerly = True
    measure_step(model, BATCH)
    assert {float(v) for v in trained} == {1.0}
    assert same(before, [v.numpy() for v in model.state_variables()])


def test_no_warning_of_a_term_that_has_not_joined(tmp_path):
    out = io.StringIO()
    console = rich.console.Console(file=out, width=200)
    model, balance = late(), Balance(RunDirectory(tmp_path), console)
    balance.set_model(model)
    balance.on_train_begin()
    logs = {"gradient_image": 1.0, "gradient_adversarial": 0.0, "ratio": 50.0}
    for epoch in range(4):
        balance.on_epoch_begin(epoch)
        balance.on_epoch_end(epoch, logs)
    assert out.getvalue() == ""
    model.optimizer.iterations.assign(START)
    balance.on_epoch_begin(4)
    balance.on_epoch_end(4, logs)
    balance.on_train_end()
    assert "the term 'adversarial' has 0.00%" in out.getvalue()


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "images.npz"
    generator = np.random.default_rng(0)
    np.savez(path, images=generator.integers(0, 256, (40, 40, 40, 3), np.uint8))
    return path


@pytest.mark.parametrize("epochs_before", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_resumed_run_ends_at_the_same_bits(archive, tmp_path, monkeypatch, epochs_before):
    """Interrupted before and after the term joined, at step 5 of 4 steps an epoch."""
    config = TrainConfig(
        dataset=f"npz:{archive}",
        network="dosovitskiy",
        width=0.1,
        latent_dim=64,
        image_size=64,
        lambda_adv=0.5,
        adversarial_start=5,
        discriminator_weight_decay=0.01,
        batch_size=7,
        epochs=3,
    )
    whole, part = (RunDirectory(tmp_path / name) for name in ("whole", "part"))
    train(config, whole, console=QUIET)
    save = Checkpoint.on_epoch_end

    def save_and_stop(self, epoch, logs=None):
        save(self, epoch, logs)
        if epoch + 1 == epochs_before:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "on_epoch_end", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        train(config, part, console=QUIET)
    train(config, part, resume=True, console=QUIET)
    states = [load_arrays(run.state)[0] for run in (whole, part)]
    assert same(*states)
    assert whole.read_config()["adversarial_start"] == 5
    assert whole.read_config()["discriminator_weight_decay"] == 0.01


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"adversarial_start": 5}, "--adversarial-start is for adversarial training: got"),
        (
            {"discriminator_weight_decay": 4e-4},
            "--discriminator-weight-decay is for adversarial training: got",
        ),
        ({"lambda_adv": 1.0, "adversarial_start": -1}, "got -1; accepted: 0 to 2147483647"),
        ({"lambda_adv": 1.0, "discriminator_weight_decay": -1.0}, "got -1.0; accepted: 0, or"),
        (
            {"lambda_adv": 1.0, "adversarial_start": 7, "steps": 7},
            "must come before the last step: .*; accepted: 0 to 6",
        ),
    ],
)
def test_refusals(flags, message):
    with pytest.raises(InputError, match=message):
        TrainConfig(**flags)


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_a_start_after_the_last_epoch_is_one_line(archive, dry_run, tmp_path, capsys):
    argv = ["--dataset", f"npz:{archive}", "--network", "dosovitskiy", "--lambda-adv", "0.5"]
    argv += ["--image-size", "64", "--latent-dim", "64", "--width", "0.1"]
    argv += ["--batch-size", "7", "--epochs", "3"]
    folder = tmp_path / "run"
    before = archive.stat().st_mtime_ns, sorted(archive.parent.rglob("*"))
    assert main([*argv, "--adversarial-start", "12", "--run-dir", str(folder), *dry_run]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert "--adversarial-start must come before the last step" in line
    assert "got --adversarial-start 12 in a run of 12 steps; accepted: 0 to 11" in line
    assert not folder.exists()
    assert (archive.stat().st_mtime_ns, sorted(archive.parent.rglob("*"))) == before


def test_off_by_default_and_in_earlier_runs():
    fields = TrainConfig(loss="deepsim").to_dict()
    assert fields.pop("adversarial_start") == fields.pop("discriminator_weight_decay") == 0
    assert TrainConfig.from_dict(fields) == TrainConfig(loss="deepsim")
