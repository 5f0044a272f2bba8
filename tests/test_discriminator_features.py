"""The discriminator's own features as comparator."""

import keras
import numpy as np
import pytest
import rich.console
import tensorflow as tf
from test_adversarial import same, squares

from tfdeepsim.arrays import load_arrays
from tfdeepsim.comparators.discriminator_features import DiscriminatorFeatures
from tfdeepsim.comparators.from_config import comparator_of
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.adversarial_fields import discriminator_layers
from tfdeepsim.config.defaults import DISCRIMINATOR_LAYERS
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.networks.discriminator import LAYERS, Discriminator
from tfdeepsim.networks.generators import make_generator
from tfdeepsim.representations.comparator_features import ComparatorFeatures
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.checkpoint import TrainingProgress, load_state, save_state
from tfdeepsim.training.comparator_record import comparator_record, comparator_summary
from tfdeepsim.training.trainer import train

SHAPE = (40, 40, 3)
BATCH = {"image": squares(4)}
WEIGHTS = {"feature": 2.0, "adversarial": 0.1, "image": 1.0}
QUIET = rich.console.Console(quiet=True)


def make(weights=WEIGHTS, layers=("conv5",), **options):
    """Build a small model; equal arguments give equal weights."""
    keras.utils.set_random_seed(0)
    generator = make_generator("dosovitskiy", SHAPE, 25, False, width=0.1)
    comparator = DiscriminatorFeatures(layers, **options)
    model = DeePSiM(generator, weights, comparator, Discriminator(SHAPE, width=0.1))
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    return model


def convolutions(discriminator, images):
    """Outputs of all convolutions, computed from their weights."""
    outputs, x = [], tf.constant(images)
    kernels = [v for v in discriminator.trainable_variables if v.ndim == 4]
    biases = discriminator.trainable_variables[1::2]
    for kernel, bias, (_, _, stride) in zip(kernels, biases, LAYERS, strict=False):
        x = tf.nn.conv2d(x, kernel.value, stride, "VALID") + bias.value
        outputs.append(x)
        x = tf.nn.leaky_relu(x, 0.3)
    return outputs


def test_features_are_those_of_the_discriminator_by_hand():
    model = make(layers=DISCRIMINATOR_LAYERS)
    features = model.comparator(BATCH["image"])
    expected = convolutions(model.discriminator, BATCH["image"])
    assert len(features) == len(expected) == 5
    for ours, theirs in zip(features, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    shapes = [tuple(x.shape[1:]) for x in features]
    assert model.comparator.feature_shapes(SHAPE[:2]) == shapes
    fields = [(7, 2), (15, 2), (19, 4), (27, 4), (35, 8)]
    assert model.comparator.receptive_fields() == fields


def test_the_feature_term_in_closed_form():
    model = make()
    generated = model(BATCH["image"])["image"]
    terms = model.terms(BATCH)
    ours, theirs = (convolutions(model.discriminator, x)[4] for x in (generated, BATCH["image"]))
    expected = np.mean(np.square(ours - theirs), axis=(1, 2, 3))
    np.testing.assert_allclose(terms["feature"], expected, rtol=1e-4)
    # The features change with the discriminator.
    kernel = model.discriminator.get_layer("conv5").kernel
    kernel.assign(3 * kernel)
    np.testing.assert_allclose(model.terms(BATCH)["feature"], 9 * expected, rtol=1e-4)


def test_the_feature_term_reaches_the_generator_alone():
    """The discriminator learns what it learns without that term."""
    models = make(), make({"adversarial": 0.1, "image": 1.0})
    before = [v.numpy() for v in models[0].discriminator.trainable_variables]
    for model in models:
        model.train_step(BATCH)
    discriminators = [[v.numpy() for v in m.discriminator.trainable_variables] for m in models]
    generators = [[v.numpy() for v in m.generator.trainable_variables] for m in models]
    assert same(*discriminators)
    assert not same(before, discriminators[0])
    assert not same(*generators)


def test_its_weights_are_not_counted_twice():
    model = make()
    assert model.comparator.weights == []
    state = model.state_variables()
    assert len(set(map(id, state))) == len(state)


def test_without_a_discriminator_it_is_refused():
    with pytest.raises(InputError, match="need the adversarial term: got no discriminator"):
        make({"feature": 1.0})
    generator = make_generator("dosovitskiy", SHAPE, 25, False, width=0.1)
    other = keras.Sequential([keras.Input(SHAPE), keras.layers.Conv2D(2, 3, name="first")])
    comparator = DiscriminatorFeatures(["conv5"])
    with pytest.raises(InputError, match="got Sequential without conv5; accepted: first"):
        DeePSiM(generator, WEIGHTS, comparator, other)
    with pytest.raises(InputError, match="exist only in training"):
        DiscriminatorFeatures(["conv5"])(BATCH["image"])


def test_layers_of_the_flag():
    assert discriminator_layers("discriminator:conv4+conv5") == ("conv4", "conv5")
    assert discriminator_layers("alexnet:conv3") == discriminator_layers(None) == ()
    assert len(DISCRIMINATOR_LAYERS) == len(LAYERS)


def config(**fields):
    return TrainConfig(**{"loss": "deepsim", "comparator": "discriminator:conv5", **fields})


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"loss": "perceptual"}, "need the adversarial term: got --comparator discriminator:conv5"),
        ({"lambda_adv": 0.0}, "accepted: --loss deepsim, or --lambda-adv above 0"),
        (
            {"comparator": "discriminator:conv6"},
            "got 'discriminator:conv6'; accepted: conv1, conv2",
        ),
        ({"comparator": "discriminator"}, "got 'discriminator'; accepted: conv1"),
        ({"comparator": "discriminator:conv5+conv5"}, "different layers"),
        ({"comparator_weights": "a.pth"}, "--comparator-weights is for comparators other than"),
        ({"comparator_input": "raw"}, "--comparator-input is for comparators other than"),
    ],
)
def test_refusals(flags, message):
    with pytest.raises(InputError, match=message) as raised:
        config(**flags)
    assert "\n" not in str(raised.value)


def test_options_of_the_flags():
    comparator = comparator_of(
        config(
            comparator="discriminator:conv1+conv5",
            layer_weights="1,0.5",
            feature_normalization="channel",
        )
    )
    assert (comparator.layers, comparator.layer_weights) == (("conv1", "conv5"), (1.0, 0.5))
    assert comparator.feature_normalization == "channel"


def test_it_is_no_baseline(tmp_path):
    baseline = ComparatorFeatures(tmp_path, 4, 0, config())
    assert baseline.saw_labels == ""
    with pytest.raises(InputError, match="needs a comparator that is not trained"):
        baseline.check(None)


def test_a_resumed_state_continues_bit_for_bit(tmp_path):
    first, second = make(), make()
    first.train_step(BATCH)
    save_state(RunDirectory(tmp_path), first, TrainingProgress(step=1))
    load_state(RunDirectory(tmp_path), second)
    for model in (first, second):
        model.train_step({"image": squares(4, seed=1)})
    assert same(*([v.numpy() for v in model.state_variables()] for model in (first, second)))


@pytest.mark.slow
@pytest.mark.parametrize("task", ["autoencoder", "inversion"])
def test_a_resumed_run_ends_at_the_same_bits(tmp_path, task):
    """The scale of the features is measured before the first step, and recorded."""
    np.savez(
        tmp_path / "images.npz",
        images=np.random.default_rng(0).integers(0, 256, (24, 40, 40, 3), np.uint8),
    )
    network = {
        "autoencoder": {"network": "dosovitskiy"},
        "inversion": {"task": "inversion", "invert": "random_alexnet:pool2"},
    }

    def of(epochs):
        return config(
            dataset=f"npz:{tmp_path}/images.npz",
            **network[task],
            width=0.05,
            image_size=40,
            batch_size=8,
            lambda_units="shares",
            epochs=epochs,
        )

    whole, part = (RunDirectory(tmp_path / name) for name in ("whole", "part"))
    train(of(2), whole, console=QUIET)
    train(of(1), part, console=QUIET)
    train(of(2), part, resume=True, console=QUIET)
    assert same(*(load_arrays(run.state)[0] for run in (whole, part)))
    record = part.read_environment()["comparator"]
    assert (record["name"], record["layer"], record["saw_labels"]) == (
        "discriminator",
        "conv5",
        None,
    )
    assert record["feature_mean_squares"][0] > 0
    assert record == whole.read_environment()["comparator"]


def test_the_plan_names_it():
    assert comparator_summary(make(), tf.constant(BATCH["image"])).splitlines() == [
        "discriminator:conv5, as it is trained in this run",
        "conv5: 1x1x26 features, each of 35x35 pixels, every 8",
    ]


def test_the_record_names_it_and_no_labels():
    record = comparator_record(make().comparator)
    assert (record["name"], record["layer"]) == ("discriminator", "conv5")
    assert record["saw_labels"] is None
