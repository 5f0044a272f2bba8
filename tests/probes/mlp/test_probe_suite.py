import json

import keras
import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probes import PROBE_SETTINGS
from tfdeepsim.probes.mlp.epoch import data_order
from tfdeepsim.probes.mlp.perceptron import NEGATIVE_SLOPE, forward, initial_parameters, layers
from tfdeepsim.probes.mlp.suite import HIDDEN, MlpSuite

# 53 examples in mini-batches of 16: the last one of an epoch holds 5. The learning rate is high and
# the labels are noisy, so that probes stop at different epochs.
SUITE = MlpSuite(
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
    return SUITE.fit(*splits(task), task)


def batches(x, y, seed):
    """All mini-batches of all epochs in the order of one seed."""
    for epoch in range(1, SUITE.epochs + 1):
        order = data_order(seed, epoch, len(x))
        for start in range(0, len(x), SUITE.batch_size):
            rows = order[start : start + SUITE.batch_size]
            yield x[rows], y[rows]


def keras_weights(row, widths):
    pairs = layers(row[None], widths)
    return [array for kernel, bias in pairs for array in (kernel[0].numpy(), bias[0, 0].numpy())]


def train_with_keras(probe, task):
    """Train a Keras model with the probe's initial weights and order, by Adam and EarlyStopping."""
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
    for units in probe.hidden:
        model.add(keras.layers.Dense(units))
        model.add(keras.layers.LeakyReLU(NEGATIVE_SLOPE))
    model.add(keras.layers.Dense(probe.widths[-1]))
    model.set_weights(keras_weights(initial_parameters(probe.widths, probe.seed), probe.widths))
    model.compile(keras.optimizers.Adam(SUITE.learning_rate), loss)
    history = model.fit(
        batches(z, y, probe.seed),
        steps_per_epoch=-(-len(z) // SUITE.batch_size),
        epochs=SUITE.epochs,
        validation_data=(validation_z, validation_y),
        callbacks=[
            keras.callbacks.EarlyStopping(patience=SUITE.patience, restore_best_weights=True)
        ],
        shuffle=False,
        verbose=0,
    )
    return history.history["val_loss"], model.get_weights()


def test_probes_stop_at_different_epochs(fitted):
    epochs = {probe.epochs for probe in fitted.probes}
    assert len(epochs) > 2
    assert min(epochs) < SUITE.epochs


@pytest.mark.parametrize("index", [0, 8])
def test_each_probe_equals_a_keras_model_trained_alone(task, fitted, index):
    probe = fitted.probes[index]
    losses, weights = train_with_keras(probe, task)
    assert probe.epochs == len(losses)
    assert probe.best_epoch == 1 + int(np.argmin(losses))
    assert probe.validation_loss == pytest.approx(min(losses), rel=1e-4)
    for ours, theirs in zip(keras_weights(probe.parameters, probe.widths), weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_suite_of_one_probe_trains_the_same_probe(task, fitted):
    probe = fitted.probes[4]
    settings = SUITE.settings | {"hidden": [probe.hidden], "seeds": 1, "first_seed": probe.seed}
    [alone] = MlpSuite(**settings).fit(*splits(task), task).probes
    assert (alone.epochs, alone.best_epoch) == (probe.epochs, probe.best_epoch)
    assert alone.validation_loss == pytest.approx(probe.validation_loss, rel=1e-4)
    np.testing.assert_allclose(alone.parameters, probe.parameters, rtol=1e-3, atol=1e-4)


def test_same_seeds_give_equal_weights_and_others_do_not(task):
    once, again = (SMALL.fit(*splits(task), task).probes for _ in range(2))
    for probe, other in zip(once, again, strict=True):
        np.testing.assert_array_equal(probe.parameters, other.parameters)
        assert probe.validation_loss == other.validation_loss
    assert not np.array_equal(once[0].parameters, once[1].parameters)


def test_chosen_probe_has_the_lowest_validation_loss_of_its_seed(fitted):
    assert [probe.seed for probe in fitted.chosen] == [0, 1, 2]
    for chosen in fitted.chosen:
        losses = [probe.validation_loss for probe in fitted.probes if probe.seed == chosen.seed]
        assert len(losses) == len(SUITE.hidden)
        assert chosen.validation_loss == min(losses)


def test_predictions_have_the_validation_loss_that_chose_them():
    _, (z, y) = splits("regression")
    fitted = SMALL.fit(*splits("regression"))
    scale = LABELS["regression"][:EXAMPLES].std(axis=0)
    losses = np.mean(((fitted.predict(z) - y) / scale) ** 2, axis=(1, 2))
    np.testing.assert_allclose(
        losses, [probe.validation_loss for probe in fitted.chosen], rtol=1e-4
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


def test_settings_of_pihlgren_et_al_in_closed_form(task):
    """One linear MLP on 600 examples takes two steps of Adam in an epoch: one on 512 examples and
    one on 88, by the gradient of the mean squared error of raw embeddings to raw targets."""
    rng = np.random.default_rng(5)
    z = rng.normal(2, 3, size=(600, 3)).astype(np.float32)
    y = 10 + z[:, :2] if task == "regression" else 3 * (z[:, 0] > 2)
    targets = y if task == "regression" else np.eye(2)[y // 3]
    suite = MlpSuite(hidden=[()], epochs=1, seeds=1, **PROBE_SETTINGS["pihlgren"])
    fitted = suite.fit((z, y), (z, y), task)
    parameters = initial_parameters((3, 2), 0).astype(np.float64)
    order, mean, variance = data_order(0, 1, 600), 0.0, 0.0
    for step, rows in enumerate((order[:512], order[512:]), start=1):
        kernel, bias = parameters[:6].reshape(3, 2), parameters[6:]
        error = z[rows] @ kernel + bias - targets[rows]
        gradient = np.concatenate([(z[rows].T @ error).ravel(), error.sum(axis=0)]) / len(rows)
        mean = 0.9 * mean + 0.1 * gradient
        variance = 0.999 * variance + 0.001 * gradient**2
        rate = 1e-3 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        parameters -= rate * mean / (np.sqrt(variance) + 1e-7)
    [probe] = fitted.probes
    np.testing.assert_allclose(probe.parameters, parameters, rtol=1e-4, atol=1e-6)
    outputs = forward(probe.parameters[None], probe.widths, z)[0].numpy()
    assert probe.validation_loss == pytest.approx(np.mean((outputs - targets) ** 2), rel=1e-5)
    expected = outputs if task == "regression" else 3 * np.argmax(outputs, axis=1)
    np.testing.assert_array_equal(fitted.predict(z)[0], expected)


def test_validation_longer_than_one_block_is_averaged_over_all():
    train, (z, y) = splits("regression")
    suite = MlpSuite(**SMALL.settings | {"epochs": 1})
    once = suite.fit(train, (z, y))
    often = suite.fit(train, (np.tile(z, (150, 1)), np.tile(y, (150, 1))))
    for probe, other in zip(once.probes, often.probes, strict=True):
        assert probe.validation_loss == pytest.approx(other.validation_loss, rel=1e-5)


def test_on_epoch_gets_the_epoch_and_the_number_of_training_probes():
    seen = []
    suite = MlpSuite(**SUITE.settings | {"hidden": [(8,)]})
    fitted = suite.fit(*splits("regression"), on_epoch=lambda *numbers: seen.append(numbers))
    assert {probe.epochs for probe in fitted.probes} > {
        max(probe.epochs for probe in fitted.probes)
    }
    assert [epoch for epoch, _ in seen] == list(range(1, max(m.epochs for m in fitted.probes) + 1))
    for epoch, training in seen:
        assert training == sum(
            probe.epochs > epoch or not probe.stops(SUITE.patience) for probe in fitted.probes
        )


def test_data_order_is_a_different_permutation_for_each_seed_and_epoch():
    orders = [data_order(seed, epoch, 50) for seed, epoch in ((0, 1), (0, 2), (1, 1))]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert len({order.tobytes() for order in orders}) == 3
    np.testing.assert_array_equal(orders[0], data_order(0, 1, 50))


def test_default_suite_is_that_of_pihlgren_et_al():
    assert (
        MlpSuite().hidden == HIDDEN == ((), (32,), (64,), (32, 32), (64, 32), (64, 64), (128, 128))
    )
    assert (MlpSuite().size, MlpSuite().epochs, MlpSuite().learning_rate) == (35, 500, 1e-3)


def test_settings_are_plain_json_values():
    suite = MlpSuite(hidden=np.array([[8, 4]]), seeds=np.int64(2))
    assert json.loads(json.dumps(suite.settings)) == suite.settings
    assert MlpSuite(**suite.settings) == suite


def test_raw_targets_are_recorded_and_other_results_keep_the_settings_of_earlier_versions():
    assert MlpSuite(raw_targets=True).settings == MlpSuite().settings | {"raw_targets": True}
    assert set(MlpSuite().settings) == {
        *("hidden", "epochs", "batch_size", "learning_rate", "patience"),
        *("seeds", "first_seed", "standardize"),
    }


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


def test_suite_that_diverges_is_refused():
    with pytest.raises(InputError, match="finite validation loss"):
        MlpSuite(**SMALL.settings | {"learning_rate": 1e38}).fit(*splits("regression"))


def test_predict_refuses_another_width():
    fitted = SMALL.fit(*splits("regression"))
    with pytest.raises(InputError, match="got 4 columns; accepted: 5 columns"):
        fitted.predict(Z[:, :4])
