"""Surrogate classes: their examples, the order of batches, and that the network learns them."""

import keras
import numpy as np
import pytest
from squares import Squares, open_squares

from tfdeepsim.comparators.chains.exemplar_cnn import EXEMPLAR_CNN
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Splits
from tfdeepsim.errors import InputError
from tfdeepsim.pretraining import make_objective
from tfdeepsim.pretraining.objective import Objective
from tfdeepsim.pretraining.pretext import Pretext
from tfdeepsim.pretraining.surrogate import VIEWS, SurrogateObjective


@pytest.fixture(scope="module")
def objective():
    return SurrogateObjective(open_squares(), classes=6, seed=0)


def taken(dataset):
    """All batches as arrays."""
    return [{name: value.numpy() for name, value in batch.items()} for batch in dataset]


def test_the_objective_of_a_config_needs_no_labels():
    dataset = Squares(task=None)
    config = TrainConfig(
        dataset="squares", task="comparator", comparator="exemplar_cnn", surrogate_classes=5, seed=3
    )
    objective = make_objective(config, Splits(dataset))
    assert isinstance(objective, SurrogateObjective)
    assert isinstance(objective, Objective)
    assert dataset.reads == ["encoder_train"]
    assert (objective.classes, objective.examples) == (5, 5 * VIEWS)
    assert not objective.saw_labels


def test_batches_are_patches_and_classes(objective):
    (batch,) = taken(objective.training(4, seed=0, steps=range(1)))
    assert (batch["image"].shape, batch["image"].dtype) == ((4, 32, 32, 3), np.float32)
    assert (batch["target"].shape, batch["target"].dtype) == ((4,), np.int64)
    assert 0 <= batch["image"].min() < batch["image"].max() <= 1


def test_an_epoch_has_ten_views_of_each_class(objective):
    for epoch in range(2):
        steps = range(15 * epoch, 15 * (epoch + 1))
        targets = np.concatenate(
            [b["target"] for b in taken(objective.training(4, seed=0, steps=steps))]
        )
        np.testing.assert_array_equal(np.bincount(targets), np.full(6, VIEWS))


def test_a_batch_is_a_function_of_seed_and_step(objective):
    whole = taken(objective.training(4, seed=1, steps=range(20)))
    later = taken(objective.training(4, seed=1, steps=range(17, 20)))
    other = taken(objective.training(4, seed=2, steps=range(1)))
    for one, two in zip(whole[17:], later, strict=True):
        np.testing.assert_array_equal(one["target"], two["target"])
        np.testing.assert_array_equal(one["image"], two["image"])
    assert (whole[0]["image"] != other[0]["image"]).any()


def test_validation_shows_each_class_once_and_always_the_same(objective):
    first, second = (taken(objective.validation(4)) for _ in range(2))
    assert [len(batch["target"]) for batch in first] == [4, 2]
    np.testing.assert_array_equal(np.concatenate([b["target"] for b in first]), np.arange(6))
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one["image"], two["image"])


def test_validation_is_not_what_was_trained_on(objective):
    # The same six patches in the same order, but with a seed of training: only the transformations
    # differ.
    (batch,) = taken(objective.validation(6))
    trained = taken(objective.training(6, seed=0, steps=range(10)))
    for step in trained:
        order = np.argsort(step["target"], kind="stable")
        same = step["target"][order] == batch["target"]
        assert not np.isclose(step["image"][order], batch["image"]).all(axis=(1, 2, 3))[same].any()


def test_batches_outlive_the_objective():
    data = SurrogateObjective(open_squares(), classes=3, seed=0).training(2, seed=0, steps=range(3))
    assert len(taken(data)) == 3


def test_patches_follow_the_seed():
    first, same, other = (
        SurrogateObjective(open_squares(), classes=6, seed=seed).example_grid()
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_the_grid_shows_patches_and_their_views(objective):
    shown = objective.example_grid()
    assert (shown.shape, shown.dtype) == ((6, 8, 32, 32, 3), np.uint8)
    # Eight columns of six patches: the first two are repeated.
    np.testing.assert_array_equal(shown[0, :2], shown[0, 6:])
    assert all((shown[0] != row).any() for row in shown[1:])


def test_the_last_layer_is_not_saved(objective):
    network = objective.network()
    assert network(np.zeros((2, 32, 32, 3), np.float32)).shape == (2, 6)
    kept = network.tensors(objective.last_saved_layer)
    assert {name: value.shape for name, value in kept.items()} == EXEMPLAR_CNN.tensor_shapes(
        "relu4"
    )


def test_measures_are_cross_entropy_and_accuracy(objective):
    network = objective.network()
    (batch,) = objective.validation(6)
    measures = objective.measures(network, batch, training=False)
    logits, target = network(batch["image"]).numpy().astype(np.float64), batch["target"].numpy()
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(measures["loss"], -np.log(chances[np.arange(6), target]), rtol=1e-4)
    np.testing.assert_array_equal(measures["accuracy"], logits.argmax(axis=1) == target)
    assert tuple(measures) == objective.measure_names


def test_a_few_steps_lower_the_loss():
    keras.utils.set_random_seed(0)
    objective = SurrogateObjective(open_squares(), classes=4, seed=0)
    model = Pretext(objective.network(), objective)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    before = model.evaluate(objective.validation(8), return_dict=True, verbose=0)
    model.fit(objective.training(8, seed=0, steps=range(40)), verbose=0, shuffle=False)
    after = model.evaluate(objective.validation(8), return_dict=True, verbose=0)
    assert after["loss"] < 0.8 * before["loss"]


def test_one_patch_is_not_enough():
    with pytest.raises(InputError, match="two to tell apart"):
        SurrogateObjective(open_squares(), classes=1, seed=0)


def test_small_images_are_refused():
    with pytest.raises(InputError, match=r"32 pixels and more.*28x28.*--image-size 64"):
        SurrogateObjective(open_squares(side=28), classes=4, seed=0)
