import json

import keras
import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probes.mlp.epoch import data_order
from tfdeepsim.probes.mlp.perceptron import NEGATIVE_SLOPE, initial_parameters, layers
from tfdeepsim.probes.mlp.suite import HIDDEN, MlpSuite

# 53 examples in batches of 16: the last batch of an epoch holds 5. The rate is high and the labels
# are noisy, so that members stop at different epochs.
HOST = MlpSuite(
    hidden=[(), (8,), (6, 4)], epochs=14, batch_size=16, learning_rate=0.03, patience=2, seeds=3
)
SMALL = MlpSuite(hidden=[(4,)], epochs=3, batch_size=16, seeds=2)
EXAMPLES = 53
RNG = np.random.default_rng(1)
Z = RNG.normal(2, 3, size=(EXAMPLES + 30, 5)).astype(np.float32)
NOISE = RNG.normal(size=(EXAMPLES + 30, 2))
LABELS = {
    "regression": 10 + Z[:, :2] + 3 * NOISE,
    "classification": np.digitize(Z[:, 0] + 3 * NOISE[:, 0], [0, 3]) * 2,
}


@pytest.fixture(scope="module", params=LABELS)
def task(request):
    return request.param


def splits(task):
    y = LABELS[task]
    return (Z[:EXAMPLES], y[:EXAMPLES]), (Z[EXAMPLES:], y[EXAMPLES:])


@pytest.fixture(scope="module")
def fitted(task):
    return HOST.fit(*splits(task), task)


def batches(x, y, seed):
    """All batches of all epochs in the order of one seed."""
    for epoch in range(1, HOST.epochs + 1):
        order = data_order(seed, epoch, len(x))
        for start in range(0, len(x), HOST.batch_size):
            rows = order[start : start + HOST.batch_size]
            yield x[rows], y[rows]


def keras_weights(row, widths):
    pairs = layers(row[None], widths)
    return [array for kernel, bias in pairs for array in (kernel[0].numpy(), bias[0, 0].numpy())]


def train_with_keras(member, task):
    """A plain model with the member's first weights and order, by keras Adam and EarlyStopping."""
    (z, y), (validation_z, validation_y) = splits(task)
    mean, deviation = z.mean(axis=0), z.std(axis=0)
    z, validation_z = (z - mean) / deviation, (validation_z - mean) / deviation
    if task == "regression":
        mean, deviation = y.mean(axis=0), y.std(axis=0)
        y, validation_y = (y - mean) / deviation, (validation_y - mean) / deviation
        loss = "mse"
    else:
        y, validation_y = y // 2, validation_y // 2
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = keras.Sequential([keras.Input((5,))])
    for units in member.hidden:
        model.add(keras.layers.Dense(units))
        model.add(keras.layers.LeakyReLU(NEGATIVE_SLOPE))
    model.add(keras.layers.Dense(member.widths[-1]))
    model.set_weights(keras_weights(initial_parameters(member.widths, member.seed), member.widths))
    model.compile(keras.optimizers.Adam(HOST.learning_rate), loss)
    history = model.fit(
        batches(z, y, member.seed),
        steps_per_epoch=-(-len(z) // HOST.batch_size),
        epochs=HOST.epochs,
        validation_data=(validation_z, validation_y),
        callbacks=[
            keras.callbacks.EarlyStopping(patience=HOST.patience, restore_best_weights=True)
        ],
        shuffle=False,
        verbose=0,
    )
    return history.history["val_loss"], model.get_weights()


def test_members_stop_at_different_epochs(fitted):
    epochs = {member.epochs for member in fitted.members}
    assert len(epochs) > 2
    assert min(epochs) < HOST.epochs


@pytest.mark.parametrize("index", [0, 8])
def test_each_member_equals_a_keras_model_trained_alone(task, fitted, index):
    member = fitted.members[index]
    losses, weights = train_with_keras(member, task)
    assert member.epochs == len(losses)
    assert member.best_epoch == 1 + int(np.argmin(losses))
    assert member.validation_loss == pytest.approx(min(losses), rel=1e-4)
    for ours, theirs in zip(keras_weights(member.parameters, member.widths), weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_a_host_of_one_member_gives_that_member(task, fitted):
    member = fitted.members[4]
    settings = HOST.settings | {"hidden": [member.hidden], "seeds": 1, "first_seed": member.seed}
    [alone] = MlpSuite(**settings).fit(*splits(task), task).members
    assert (alone.epochs, alone.best_epoch) == (member.epochs, member.best_epoch)
    assert alone.validation_loss == pytest.approx(member.validation_loss, rel=1e-4)
    np.testing.assert_allclose(alone.parameters, member.parameters, rtol=1e-3, atol=1e-4)


def test_same_seeds_give_the_same_bits_and_others_do_not(task):
    once, again = (SMALL.fit(*splits(task), task).members for _ in range(2))
    for member, other in zip(once, again, strict=True):
        np.testing.assert_array_equal(member.parameters, other.parameters)
        assert member.validation_loss == other.validation_loss
    assert not np.array_equal(once[0].parameters, once[1].parameters)


def test_chosen_has_the_lowest_validation_loss_of_its_seed(fitted):
    assert [member.seed for member in fitted.chosen] == [0, 1, 2]
    for chosen in fitted.chosen:
        losses = [member.validation_loss for member in fitted.members if member.seed == chosen.seed]
        assert len(losses) == len(HOST.hidden)
        assert chosen.validation_loss == min(losses)


def test_predictions_have_the_validation_loss_that_chose_them():
    _, (z, y) = splits("regression")
    fitted = SMALL.fit(*splits("regression"))
    scale = LABELS["regression"][:EXAMPLES].std(axis=0)
    losses = np.mean(((fitted.predict(z) - y) / scale) ** 2, axis=(1, 2))
    np.testing.assert_allclose(
        losses, [member.validation_loss for member in fitted.chosen], rtol=1e-4
    )


def test_predicted_classes_are_those_of_the_labels():
    predicted = SMALL.fit(*splits("classification"), "classification").predict(Z)
    assert predicted.shape == (2, len(Z))
    assert predicted.dtype == np.int64
    assert set(np.unique(predicted)) <= {0, 2, 4}


def test_standardised_embeddings_make_shift_and_scale_irrelevant():
    (z, y), (validation_z, validation_y) = splits("regression")
    plain = SMALL.fit((z, y), (validation_z, validation_y))
    moved = SMALL.fit((1000 * z - 5, y), (1000 * validation_z - 5, validation_y))
    np.testing.assert_allclose(plain.predict(Z), moved.predict(1000 * Z - 5), rtol=1e-2)
    raw = MlpSuite(**SMALL.settings | {"standardize": False}).fit(
        (z, y), (validation_z, validation_y)
    )
    assert not np.allclose(plain.predict(Z), raw.predict(Z), rtol=1e-2)


def test_validation_longer_than_one_block_is_averaged_over_all():
    train, (z, y) = splits("regression")
    suite = MlpSuite(**SMALL.settings | {"epochs": 1})
    once = suite.fit(train, (z, y))
    often = suite.fit(train, (np.tile(z, (150, 1)), np.tile(y, (150, 1))))
    for member, other in zip(once.members, often.members, strict=True):
        assert member.validation_loss == pytest.approx(other.validation_loss, rel=1e-5)


def test_on_epoch_counts_epochs_and_members():
    seen = []
    suite = MlpSuite(**HOST.settings | {"hidden": [(8,)]})
    fitted = suite.fit(*splits("regression"), on_epoch=lambda *numbers: seen.append(numbers))
    assert {member.epochs for member in fitted.members} > {
        max(member.epochs for member in fitted.members)
    }
    assert [epoch for epoch, _ in seen] == list(range(1, max(m.epochs for m in fitted.members) + 1))
    for epoch, going in seen:
        assert going == sum(
            member.epochs > epoch or not member.stops(HOST.patience) for member in fitted.members
        )


def test_data_order_is_a_permutation_of_its_own_for_seed_and_epoch():
    orders = [data_order(seed, epoch, 50) for seed, epoch in ((0, 1), (0, 2), (1, 1))]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert len({order.tobytes() for order in orders}) == 3
    np.testing.assert_array_equal(orders[0], data_order(0, 1, 50))


def test_default_host_is_that_of_the_paper():
    assert (
        MlpSuite().hidden == HIDDEN == ((), (32,), (64,), (32, 32), (64, 32), (64, 64), (128, 128))
    )
    assert (MlpSuite().size, MlpSuite().epochs, MlpSuite().learning_rate) == (35, 500, 1e-3)


def test_settings_are_plain_json_values():
    suite = MlpSuite(hidden=np.array([[8, 4]]), seeds=np.int64(2))
    assert json.loads(json.dumps(suite.settings)) == suite.settings
    assert MlpSuite(**suite.settings) == suite


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("seeds", 0),
        ("patience", 0),
        ("patience", 2.5),
        ("epochs", 0),
        ("batch_size", -1),
        ("first_seed", -1),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("hidden", []),
        ("hidden", [64]),
        ("hidden", 64),
        ("hidden", [[0]]),
    ],
)
def test_bad_setting_is_refused_in_one_line(setting, value):
    with pytest.raises(InputError, match=setting) as caught:
        MlpSuite(**{setting: value})
    assert "\n" not in str(caught.value)


def test_bad_splits_are_refused():
    train, (z, y) = splits("regression")
    with pytest.raises(InputError, match="split 'validation' must be finite"):
        SMALL.fit(train, (z * np.nan, y))


def test_a_host_that_diverges_is_refused():
    with pytest.raises(InputError, match="finite validation loss"):
        MlpSuite(**SMALL.settings | {"learning_rate": 1e38}).fit(*splits("regression"))


def test_predict_refuses_another_width():
    fitted = SMALL.fit(*splits("regression"))
    with pytest.raises(InputError, match="got 4 columns; accepted: 5 columns"):
        fitted.predict(Z[:, :4])
