"""Classification: the loss, that the network learns, what is refused, and what is recorded."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import save_file
from squares import open_squares

from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.weights.alexnet_convolutions import alexnet_convolutions
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.splits.examples import example_rows
from tfdeepsim.data.splits.labelled import TARGET
from tfdeepsim.errors import InputError
from tfdeepsim.pretraining import make_objective
from tfdeepsim.pretraining.classification import SMOOTHING, ClassificationObjective
from tfdeepsim.pretraining.pretext import Pretext
from tfdeepsim.pretraining.trainable_chain import TrainableChain

BATCH = 8


def objective_of(**options):
    config = TrainConfig(task="comparator", comparator="alexnet", batch_size=BATCH)
    return make_objective(config, open_squares(**options))


@pytest.fixture(scope="module")
def objective():
    return objective_of()


@pytest.fixture(scope="module")
def model(objective):
    return Pretext(objective.network(), objective)


def read(objective, first=0, last=8, seed=1):
    return [
        batch["image"]
        for batch in objective.training(BATCH, seed, range(first, last)).as_numpy_iterator()
    ]


class Identity(keras.Model):
    """A network whose logits are the image."""

    def call(self, images, training=False):
        return images


LOGITS = np.array([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]], np.float32)
TARGETS = np.array([0, 0, 1])


@pytest.mark.parametrize("smooth", [0.0, SMOOTHING])
def test_loss_in_closed_form(objective, smooth):
    log_right, log_wrong = -np.log1p(np.exp(-2)), -np.log1p(np.exp(2))
    high, low = 1 - smooth / 2, smooth / 2
    right, wrong = -(high * log_right + low * log_wrong), -(high * log_wrong + low * log_right)
    batch = {"image": tf.constant(LOGITS), TARGET: tf.constant(TARGETS)}
    found = objective.measures(Identity(), batch, training=smooth > 0)
    np.testing.assert_allclose(found["loss"], [right, wrong, wrong], rtol=1e-5)
    assert found["accuracy"].numpy().tolist() == [1, 0, 0]


@pytest.mark.parity
@pytest.mark.parametrize("training", [False, True])
def test_parity_with_pytorch(objective, training):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    theirs = torch.nn.functional.cross_entropy(
        torch.tensor(LOGITS),
        torch.tensor(TARGETS),
        reduction="none",
        label_smoothing=SMOOTHING if training else 0.0,
    )
    batch = {"image": tf.constant(LOGITS), TARGET: tf.constant(TARGETS)}
    ours = objective.measures(Identity(), batch, training)["loss"]
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-5)


def test_attributes(objective, model):
    assert (objective.last_saved_layer, objective.monitor, objective.saw_labels) == (
        "fc8",
        "val_accuracy",
        True,
    )
    # The last image of each split is not used for probes.
    assert (objective.classes, objective.examples) == (2, 39)
    assert model.trained_network.architecture.layers[-1].channels == 2


@pytest.fixture(params=["frozen", "finetuned"])
def on_imagenet(request):
    """A model on top of ImageNet's convolutions, and what these are."""
    objective = ClassificationObjective(open_squares(), "alexnet", 0, request.param)
    return Pretext(objective.network(), objective), request.param


def values(network):
    return {name: kernel.numpy() for name, (kernel, _) in network.parameters.items()}


def test_a_step_changes_the_layers_that_are_trained(objective, on_imagenet):
    model, convolutions = on_imagenet
    network, new = model.trained_network, objective.network()
    model.compile(keras.optimizers.Adam(1e-3))
    before, random = values(network), values(new)
    model.train_step(next(iter(objective.training(BATCH, 0, range(1)))))
    bundled = alexnet_convolutions().kernels
    assert list(bundled) == ["conv1", "conv2", "conv3", "conv4", "conv5"]
    for name, value in values(network).items():
        # The layers on top begin as they do without ImageNet's convolutions.
        first = bundled[name][0] if name in bundled else random[name]
        np.testing.assert_array_equal(before[name], first)
        is_frozen = convolutions == "frozen" and name in bundled
        assert np.array_equal(value, first) == is_frozen, name


def test_no_gradient_is_computed_through_frozen_convolutions(on_imagenet):
    model, convolutions = on_imagenet
    network = model.trained_network
    with tf.GradientTape() as tape:
        network(tf.zeros([1, 64, 64, 3]), training=True)
    watched = {variable.name.rpartition("/")[2][:3] for variable in tape.watched_variables()}
    assert watched == {"fc6", "fc7", "fc8"} | ({"con"} if convolutions == "finetuned" else set())
    loaded = TrainableChain.from_config(network.get_config())
    assert len(loaded.trainable_variables) == len(network.trainable_variables)
    assert len(network.trainable_variables) == (6 if convolutions == "frozen" else 16)


def test_batches_are_a_function_of_seed_and_step(objective):
    whole = read(objective)
    np.testing.assert_array_equal(read(objective), whole)
    np.testing.assert_array_equal(read(objective, first=5), whole[5:])
    assert not np.array_equal(read(objective, seed=2), whole)


def test_no_tuning_thread_delays_the_end(objective):
    for data in (objective.training(BATCH, 0, range(2)), objective.validation(BATCH)):
        assert data.options().autotune.enabled is False


def test_the_grid_of_examples(objective):
    shown = objective.example_grid()
    assert (shown.shape, shown.dtype) == ((5, 8, 64, 64, 3), np.uint8)
    rows = example_rows(objective._train, 8)
    np.testing.assert_array_equal(shown[0], objective._train.images[rows])
    assert len(set(objective._train.labels[TARGET][rows].tolist())) == 2
    assert (shown[1:] != shown[0]).any()


def test_dropout_in_training_only(model):
    images = tf.random.stateless_uniform([2, 64, 64, 3], (0, 0))
    np.testing.assert_array_equal(model.trained_network(images), model.trained_network(images))
    assert (
        (
            model.trained_network(images, training=True)
            != model.trained_network(images, training=True)
        )
        .numpy()
        .any()
    )


def test_the_frozen_network_of_its_tensors_gives_the_same(objective, tmp_path):
    network = objective.network()
    # With biases of 0, a wrong order of them would not be noticed.
    for _, bias in network.parameters.values():
        bias.assign(tf.random.stateless_normal(bias.shape, (1, 1), stddev=0.1))
    save_file(network.tensors("fc8"), tmp_path / "trained.safetensors")
    frozen = ChainComparator("alexnet", ["fc8"], weights_file=tmp_path / "trained.safetensors")
    images = tf.random.stateless_uniform([3, 64, 64, 3], (0, 1))
    (logits,) = frozen.extract(images)
    assert logits.shape == (3, 2)
    np.testing.assert_allclose(logits, network(images), rtol=1e-4, atol=1e-4)


def test_learns_colours(objective):
    keras.utils.set_random_seed(0)
    model = Pretext(objective.network(), objective)
    model.compile(optimizer=keras.optimizers.Adam(1e-4), jit_compile=False)
    history = model.fit(objective.training(BATCH, 0, range(16)), verbose=0, shuffle=False).history
    assert set(history) == set(objective.measure_names)
    scores = model.evaluate(objective.validation(BATCH), return_dict=True, verbose=0)
    assert scores["accuracy"] == 1
    assert scores["loss"] < 0.3
    assert objective.result(model) == {"test_accuracy": 1.0}


@pytest.mark.parametrize(("task", "what"), [("regression", "positions"), (None, "no labels")])
def test_without_classes(task, what):
    with pytest.raises(InputError, match=f"needs classes: got squares, which has {what}"):
        objective_of(task=task)


def test_small_images_are_refused():
    with pytest.raises(
        InputError, match="images of 64 pixels and more: got 32 pixels; accepted: --image-size 64"
    ):
        objective_of(side=32)
