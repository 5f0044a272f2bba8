"""`DeePSiM` with a user's own generator, discriminator, comparator and data."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdeepsim as tds
from tfdeepsim import losses

SIZE = (40, 40, 3)
RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.random((6, 10, 10, 3), np.float32)
TARGETS = RANDOM.random((6, *SIZE), np.float32)
TERMS = {"feature": 1.0, "adversarial": 0.1, "image": 10.0}


def upscaler(as_dictionary=False):
    """Four times as large: own layers, a tensor or a dictionary out."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((10, 10, 3))
    x = keras.layers.UpSampling2D(4)(inputs)
    x = keras.layers.Conv2D(3, 3, padding="same", name="last")(x)
    return keras.Model(inputs, {"image": x} if as_dictionary else x)


def features():
    """An own comparator: two layers of a plain Keras model."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((None, None, 3))
    first = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    return keras.Model(inputs, [first, keras.layers.Conv2D(2, 3)(first)])


def critic(units):
    keras.utils.set_random_seed(2)
    pooling = keras.layers.GlobalAveragePooling2D()
    return keras.Sequential([keras.Input(SIZE), pooling, keras.layers.Dense(units)])


def pairs():
    return tf.data.Dataset.from_tensor_slices((INPUTS, TARGETS)).batch(3)


def trained(model, data, **options):
    model.compile(keras.optimizers.Adam(1e-2))
    history = model.fit(data, verbose=0, shuffle=False, **options).history
    return history, model.generator.get_layer("last").kernel.numpy()


def test_all_forms_of_a_batch_train_alike():
    dictionaries = tf.data.Dataset.from_tensor_slices({"input": INPUTS, "image": TARGETS}).batch(3)
    model = tds.DeePSiM(upscaler(), {"image": 1.0})
    _, expected = trained(model, pairs())
    for data in (dictionaries, pairs().map(lambda x, y: [x, y])):
        _, kernel = trained(tds.DeePSiM(upscaler(as_dictionary=True), {"image": 1.0}), data)
        np.testing.assert_array_equal(kernel, expected)
    assert np.any(expected != upscaler().get_layer("last").kernel.numpy())


def test_images_alone_are_input_and_target():
    same = keras.Sequential([keras.Input(SIZE), keras.layers.Conv2D(3, 1, name="last")])
    model = tds.DeePSiM(same, {"image": 1.0})
    expected = losses.squared_error(same(TARGETS), TARGETS)
    for batch in (TARGETS, {"image": TARGETS}, (TARGETS,)):
        np.testing.assert_allclose(model.terms(batch)["image"], expected, rtol=1e-6)


def test_terms_of_own_networks_are_those_by_hand():
    generator, comparator, discriminator = upscaler(), features(), critic(1)
    model = tds.DeePSiM(generator, TERMS, comparator, discriminator)
    terms = model.terms((tf.constant(INPUTS), tf.constant(TARGETS)))
    images = generator(INPUTS)
    by_hand = sum(
        tf.reduce_mean(tf.square(a - b), [1, 2, 3])
        for a, b in zip(comparator(images), comparator(TARGETS), strict=True)
    )
    np.testing.assert_allclose(terms["feature"], by_hand, rtol=1e-5)
    # One logit of a real image: -log sigmoid.
    by_hand = tf.nn.softplus(-discriminator(images)[:, 0])
    np.testing.assert_allclose(terms["adversarial"], by_hand, rtol=1e-5)


@pytest.mark.parametrize("units", [None, 1, 2])
def test_training_changes_both_networks_and_leaves_the_comparator(units):
    comparator = features()
    before = [weight.numpy() for weight in comparator.weights]
    discriminator = None if units is None else critic(units)
    model = tds.DeePSiM(upscaler(), TERMS, comparator, discriminator)
    weights = model.discriminator.trainable_weights[-2].numpy()
    history, _ = trained(model, pairs(), epochs=2, validation_data=pairs())
    assert {"loss", "feature", "adversarial", "image", "val_loss", "ratio"} <= set(history)
    assert np.any(model.discriminator.trainable_weights[-2].numpy() != weights)
    for new, old in zip(comparator.weights, before, strict=True):
        np.testing.assert_array_equal(new.numpy(), old)


LOAD = """
import sys
import keras, numpy as np, tfdeepsim.saving
model = keras.saving.load_model(sys.argv[1])
arrays = np.load(sys.argv[2])
np.testing.assert_allclose(model.predict(arrays["inputs"], verbose=0), arrays["images"], atol=1e-6)
model.fit(arrays["inputs"], arrays["targets"], verbose=0)
"""


def test_a_saved_model_goes_on_in_a_fresh_process(tmp_path):
    model = tds.DeePSiM(upscaler(), TERMS, features(), critic(1))
    trained(model, pairs(), callbacks=[keras.callbacks.ModelCheckpoint(tmp_path / "gan.keras")])
    images = model.predict(INPUTS, verbose=0)
    np.savez(tmp_path / "arrays.npz", inputs=INPUTS, targets=TARGETS, images=images)
    files = [str(tmp_path / name) for name in ("gan.keras", "arrays.npz")]
    done = subprocess.run([sys.executable, "-c", LOAD, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_comparator_may_be_named():
    model = tds.DeePSiM(upscaler(), {"feature": 1.0}, comparator="random_alexnet:relu1")
    assert model.comparator.layer == "relu1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([{"featre": 1.0}], "names terms of the loss: got featre"),
        ([{"feature": 1.0}], "compares the features of a network: got no comparator"),
        ([{"image": -1.0}], "the weight of a loss term is a number: got image -1.0"),
        ([{}], "loss_weights has terms"),
    ],
)
def test_unsuitable_arguments_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        tds.DeePSiM(upscaler(), *arguments)


def test_a_generator_without_weights_is_refused():
    unbuilt = keras.Sequential([keras.layers.Conv2D(3, 1)])
    with pytest.raises(ValueError, match="built before it is trained"):
        tds.DeePSiM(unbuilt, {"image": 1.0})
    anything = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 1)])
    with pytest.raises(ValueError, match=r"of one size: got .*discriminator=tds\.Discriminator"):
        tds.DeePSiM(anything, {"adversarial": 1.0})


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ((INPUTS, TARGETS[:, :8]), r"have the shape of the targets: got .None, 40, 40, 3."),
        (
            (INPUTS, (255 * TARGETS).astype(np.uint8)),
            "targets are float images in .0, 1.: got uint8",
        ),
        ((INPUTS, TARGETS, TARGETS), "an input and a target: got a tuple of 3"),
        ({"x": INPUTS}, "an input and a target: got a dictionary with x"),
    ],
)
def test_unsuitable_batches_are_refused(batch, words):
    model = tds.DeePSiM(upscaler(), {"image": 1.0})
    with pytest.raises(ValueError, match=words):
        trained(model, tf.data.Dataset.from_tensor_slices(batch).batch(3))


def test_a_discriminator_with_other_outputs_is_refused():
    model = tds.DeePSiM(upscaler(), {"adversarial": 1.0}, discriminator=critic(3))
    with pytest.raises(ValueError, match=r"returns logits: got shape .None, 3."):
        trained(model, pairs())
