"""A training step of an inversion: inputs and gradients of each network, diversity, and PyTorch."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.inversion_generator import InversionGenerator

SHAPE = (40, 40, 3)
ALL = {"feature": 1.0, "adversarial": 0.1, "image": 10.0}
SCALE = 0.5


def squares(count, seed=0):
    """Squares of one colour at random places, on grey."""
    generator = np.random.default_rng(seed)
    images = np.full((count, *SHAPE), 0.5, np.float32)
    for image, (x, y) in zip(images, generator.integers(0, 24, (count, 2)), strict=True):
        image[y : y + 16, x : x + 16] = generator.random(3)
    return images


BATCH = {"image": tf.constant(squares(4))}


class Blocks:
    """Extractor of mean colours of 5x5 blocks, rounded to eighths and so without a gradient. It
    records its inputs."""

    shape = (5, 5, 3)

    def __init__(self):
        self.seen = []

    def __call__(self, images):
        self.seen.append(images)
        blocks = tf.reshape(tf.cast(images, tf.float32), (-1, 5, 8, 5, 8, 3))
        return tf.round(8 * tf.reduce_mean(blocks, (2, 4)))


class Bytes:
    """Extractor of mean colours of bytes, computed by NumPy."""

    shape = (3,)

    def __call__(self, images):
        pixels = tf.cast(tf.round(255 * images), tf.uint8)
        means = tf.numpy_function(lambda x: np.float32(x.mean((1, 2)) / 64), [pixels], tf.float32)
        return tf.ensure_shape(means, (None, 3))


class Vector(Blocks):
    """The features of `Blocks` as a vector."""

    shape = (75,)

    def __call__(self, images):
        return tf.reshape(super().__call__(images), (-1, 75))


class Learnable(keras.Model):
    """An extractor with trainable weights."""

    shape = (6,)

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(6)

    def call(self, images):
        return self.dense(tf.reduce_mean(images, (1, 2)))


class RecordingDiscriminator(Discriminator):
    """Discriminator that records its inputs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = []

    def call(self, inputs, training=None):
        self.seen.append(inputs)
        return super().call(inputs, training=training)


def make(extractor, weights=ALL, noise_dim=0, discriminator_class=Discriminator, optimizer=None):
    """Build a small model; equal arguments give equal weights."""
    keras.utils.set_random_seed(0)
    generator = InversionGenerator(extractor.shape, SHAPE, 0.1, SCALE, noise_dim)
    discriminator = discriminator_class(SHAPE, extractor.shape, width=0.1, feature_scale=SCALE)
    for layer in discriminator.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    comparator = ChainComparator("alexnet", ["relu1"], seed=0)
    model = DeePSiM(generator, weights, comparator, discriminator, extractor=extractor)
    model.compile(optimizer=optimizer or keras.optimizers.Adam(1e-3))
    return model


def values(network):
    return [w.numpy() for w in network.trainable_variables]


def moved(before, after):
    return max(np.abs(a - b).max() for a, b in zip(before, after, strict=True))


def step(model):
    return {name: float(value) for name, value in model.train_step(BATCH).items()}


def test_features_are_those_of_the_target_and_taken_once():
    extractor = Blocks()
    model = make(extractor, discriminator_class=RecordingDiscriminator)
    expected = Blocks()(BATCH["image"])
    model.train_step(BATCH)
    (seen,) = extractor.seen
    np.testing.assert_array_equal(seen, BATCH["image"])
    real, generated = model.discriminator.seen
    np.testing.assert_array_equal(real[0], BATCH["image"])
    assert np.abs(generated[0] - BATCH["image"]).max() > 0.1
    for _, features in (real, generated):
        np.testing.assert_array_equal(features, expected)


@pytest.mark.parametrize("diversity", [{}, {"diversity": 1.0}], ids=["", "diversity"])
def test_one_network_passes_targets_once_and_trains_to_the_same_bits(diversity):
    """The comparator is AlexNet up to relu1."""
    found = []
    for is_shared in (True, False):
        extractor = ChainComparator("alexnet", ["conv2"], seed=0)
        extractor.shape = extractor.feature_shapes(SHAPE[:2])[0]
        model = make(extractor, ALL | diversity, noise_dim=2 if diversity else 0)
        assert model._one_pass is not None
        if not is_shared:
            model._one_pass = None
        examples = tf.function(model._examples).get_concrete_function(BATCH).graph
        convolutions = sum(x.type == "Conv2D" for x in examples.get_operations())
        assert convolutions == (2 if is_shared else 3)
        data = tf.data.Dataset.from_tensors(BATCH).repeat(3)
        logs = model.fit(data, steps_per_epoch=3, verbose=0, shuffle=False).history
        found.append((logs, [v.numpy() for v in model.state_variables()]))
    assert found[0][0] == found[1][0]
    for ours, other in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_array_equal(ours, other)


def test_an_input_of_its_own_takes_no_part_in_the_shared_pass():
    extractor = ChainComparator("alexnet", ["conv2"], seed=0)
    extractor.shape = extractor.feature_shapes(SHAPE[:2])[0]
    model = make(extractor)
    other = tf.constant(squares(4, seed=1))
    target, generator_input, features = model._examples(BATCH | {"input": other})
    np.testing.assert_array_equal(generator_input, extractor(other))
    np.testing.assert_array_equal(features, model.comparator(target))


def test_the_generator_is_called_with_the_features():
    model = make(Blocks())
    expected = model.generator(Blocks()(BATCH["image"]))["image"]
    np.testing.assert_array_equal(model(BATCH["image"])["image"], expected)
    image = model.terms(BATCH)["image"]
    np.testing.assert_allclose(
        image, np.mean((expected - BATCH["image"]) ** 2, (1, 2, 3)), rtol=1e-5
    )


def test_an_extractor_need_not_be_differentiable():
    model = make(Bytes(), {"adversarial": 1.0})
    networks = (model.generator, model.discriminator)
    before = [values(network) for network in networks]
    data = tf.data.Dataset.from_tensors(BATCH).repeat(2)
    model.fit(data, steps_per_epoch=2, verbose=0, shuffle=False)
    for was, network in zip(before, networks, strict=True):
        assert moved(was, values(network)) > 1e-4


def test_no_gradient_reaches_the_extractor():
    extractor = Learnable()
    extractor(BATCH["image"])
    model = make(extractor)
    assert len(extractor.trainable_variables) == 2
    before = values(extractor)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model.weigh(model.terms(BATCH, training=True)))
    gradients = tape.gradient(
        total, [*extractor.trainable_variables, *model.generator.trainable_variables]
    )
    assert gradients[:2] == [None, None]
    assert all(gradient is not None for gradient in gradients[2:])
    for _ in range(2):
        model.train_step(BATCH)
    assert moved(before, values(extractor)) == 0.0
    held = {id(v) for v in model.state_variables()}
    assert not held & {id(v) for v in extractor.variables}


@pytest.mark.parametrize(
    "left",
    [dict(pair) for n in (1, 2, 3) for pair in itertools.combinations(ALL.items(), n)],
    ids="+".join,
)
def test_every_ablation_trains(left):
    model = make(Vector(), left)
    before = values(model.generator)
    logs = step(model)
    assert moved(before, values(model.generator)) > 1e-4
    assert {name for name in ALL if name in logs} == set(left)
    assert logs["loss"] == pytest.approx(
        sum(weight * logs[name] for name, weight in left.items()), rel=1e-5
    )
    assert (model.discriminator is None) == ("adversarial" not in left)


def test_a_conditional_discriminator_learns_from_features_too():
    model = make(Vector(), {"adversarial": 1.0})
    (condition,) = (v for v in model.discriminator.trainable_variables if v.shape == (75, 102))
    before = condition.numpy()
    model.train_step(BATCH)
    assert np.abs(condition.numpy() - before).max() > 1e-4


def test_images_out_of_the_comparators_range_stop_the_first_batch():
    with pytest.raises(tf.errors.InvalidArgumentError, match="images out of range"):
        make(Blocks()).train_step({"image": BATCH["image"] * 255})


class Noisy(keras.Model):
    """A generator of one weight: the image is the mean noise times w everywhere."""

    noise_dim = 2

    def __init__(self):
        super().__init__()
        self.w = self.add_weight(shape=(), initializer=keras.initializers.Constant(0.05))
        self.built = True
        self.drawn = np.float32([[1, 0], [2, 2], [0, 1], [2, 4]])
        self.seen = []

    def call(self, x, training=False, noise=None):
        noise = tf.constant(self.drawn) if noise is None else noise
        self.seen.append(x)
        return {
            "image": tf.ones((4, 2, 2, 1)) * self.w * tf.reduce_mean(noise, 1)[:, None, None, None],
            "noise": noise,
        }


def test_diversity_in_closed_form():
    """Noise has means ½ and 2, then ½ and 3: images differ by 0 and w, noise by 1 and 1 on
    average."""
    images = np.full((2, 2, 2, 1), 0.25, np.float32)
    model = DeePSiM(Noisy(), {"image": 1.0, "diversity": 3.0}, extractor=lambda x: 2 * x)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    logs = {name: float(value) for name, value in model.train_step({"image": images}).items()}
    # Every example twice.
    (generator_input,) = model.generator.seen
    np.testing.assert_array_equal(generator_input, np.full((4, 2, 2, 1), 0.5))
    means = np.array([0.5, 2, 0.5, 3])
    assert logs["image"] == pytest.approx(np.mean((0.05 * means - 0.25) ** 2), rel=1e-5)
    assert logs["diversity"] == pytest.approx(np.mean([1, 1 - 0.05 / 1 / 0.1]), rel=1e-4)
    assert logs["loss"] == pytest.approx(logs["image"] + 3 * logs["diversity"], rel=1e-5)
    # d/dw of the image term, and of 3 · ½ · (1 − w / 0.1).
    slope = np.mean(2 * (0.05 * means - 0.25) * means) - 3 * 0.5 / 0.1
    assert float(model.generator.w.numpy()) == pytest.approx(0.05 - 0.1 * slope, rel=1e-4)


def test_diversity_doubles_the_batch_for_all():
    extractor = Blocks()
    model = make(
        extractor, ALL | {"diversity": 1.0}, noise_dim=3, discriminator_class=RecordingDiscriminator
    )
    terms = model.terms(BATCH, training=True)
    assert {name: value.shape for name, value in terms.items()} == dict.fromkeys(
        model.loss_weights, (8,)
    )
    np.testing.assert_array_equal(terms["diversity"][:4], terms["diversity"][4:])
    # Features are taken before doubling.
    (seen,) = extractor.seen
    assert len(seen) == 4
    real, generated = model.discriminator.seen
    for images, features in (real, generated):
        np.testing.assert_array_equal(features[:4], features[4:])
        assert len(images) == 8
    np.testing.assert_array_equal(real[0][:4], real[0][4:])
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(*np.split(generated[0], 2), strict=True))


def test_diversity_pulls_images_of_the_same_features_apart():
    extractor = Vector()
    model = make(extractor, {"image": 1.0, "diversity": 1.0}, noise_dim=3)
    noise = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)

    def apart():
        first, second = (
            model.generator(extractor(BATCH["image"]), noise=n)["image"] for n in noise
        )
        return np.abs(first - second).mean()

    before = apart()
    for _ in range(6):
        model.train_step(BATCH)
    assert apart() > 1.5 * before


def test_diversity_of_validation_is_measured_with_fixed_noise():
    """With noise of 0 both images would be equal, whatever the generator has learned."""
    model = make(Vector(), {"image": 1.0, "diversity": 1.0}, noise_dim=3)
    data = tf.data.Dataset.from_tensors(BATCH)
    logs = [model.evaluate(data, verbose=0, return_dict=True) for _ in range(2)]
    assert logs[0] == logs[1]
    assert 0 < logs[0]["diversity"] < 0.999


def test_noise_without_diversity_is_one_draw_an_example():
    model = make(Vector(), {"image": 1.0}, noise_dim=3)
    assert model.terms(BATCH, training=True)["image"].shape == (4,)
    first, second = (model.terms(BATCH, training=True)["image"].numpy() for _ in range(2))
    assert not np.array_equal(first, second)
    still = [model.terms(BATCH)["image"].numpy() for _ in range(2)]
    np.testing.assert_array_equal(*still)


def test_state_holds_the_noise():
    model = make(Vector(), noise_dim=3)
    paths = [v.path for v in model.state_variables()]
    # The states of the noise and of the discriminator's two dropout layers.
    assert sum("seed_generator_state" in path for path in paths) == 3


def test_images_reach_the_extractor_unrounded_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    extractor = Blocks()
    model = make(extractor)
    image = model(BATCH["image"])["image"]
    model.train_step(BATCH)
    for seen in extractor.seen:
        np.testing.assert_array_equal(seen, BATCH["image"])
    assert image.dtype == tf.float32


def weights_in_order(discriminator):
    """Weights of the convolutions, of the two layers on features, and of the last two layers."""
    layers = [layer for layer in discriminator.layers if layer.weights]
    dense = [layer for layer in layers if isinstance(layer, keras.layers.Dense)]
    inputs = {layer.kernel.shape[0]: layer for layer in dense}
    ordered = [layer for layer in layers if layer not in dense] + [
        inputs[n] for n in (75, 102, 26 + 51, 51)
    ]
    return [w.numpy() for layer in ordered for w in layer.weights]


@pytest.mark.parity
@pytest.mark.parametrize("extractor", [Vector, Blocks])
def test_steps_are_those_of_pytorch(extractor):
    pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    import torch_adversarial

    # With a small epsilon, Adam would turn the rounding of a small gradient into a whole step.
    settings = {"rate": 1e-2, "epsilon": 1e-3}
    adam = keras.optimizers.Adam(settings["rate"], epsilon=settings["epsilon"])
    model = make(extractor(), optimizer=adam)

    def weights():
        return {
            "decoder": model.generator.decoder.get_weights(),
            "discriminator": weights_in_order(model.discriminator),
            "comparator": model.comparator.get_weights(),
        }

    before = weights()
    blocks = squares(4).reshape(4, 5, 8, 5, 8, 3).mean((2, 4))
    inverted = (SCALE * np.round(8 * blocks)).reshape(4, *extractor.shape)
    expected = torch_adversarial.train(
        before, squares(4), ALL, steps=2, inverted=inverted, **settings
    )
    for _ in range(2):
        model.train_step(BATCH)
    for name, after in weights().items():
        pairs = zip(after, expected[name], before[name], strict=True)
        difference, distance = np.max(
            [[np.abs(a - b).max(), np.abs(a - c).max()] for a, b, c in pairs], 0
        )
        assert difference < 1e-5, name
        assert (distance > 1e-3) == (name != "comparator")
