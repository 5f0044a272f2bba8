import errno
import os

import keras
import keras_tuner
import numpy as np
import pytest

from tfdeepsim.probes import PROBE_SETTINGS
from tfdeepsim.probes.metrics import measure
from tfdeepsim.tuning.hypermodel import ProbeHyperModel, build_probe, trial_seed
from tfdeepsim.tuning.problem import Problem, fingerprint, load_problem, save_problem
from tfdeepsim.tuning.space import Design

VALUES = {
    "depth": 2, "width_1": 16, "width_2": 32, "activation": "gelu",
    "dropout": 0.3, "weight_decay": 1e-3, "learning_rate": 3e-3, "batch_size": 64,
}  # fmt: skip


def hyperparameters(**values):
    hp = keras_tuner.HyperParameters()
    hp.values = VALUES | values
    return hp


def problem_of(splits, task="regression", probe_settings="standard"):
    return Problem(task, splits["train"], splits["validation"], probe_settings)


def train(problem, seed=0, epochs=3, **values):
    hypermodel = ProbeHyperModel(problem, seed)
    model = hypermodel.build(hyperparameters(**values))
    return model, hypermodel.fit(hyperparameters(**values), model, epochs=epochs)


def test_layers_of_a_probe():
    model = build_probe(Design((16, 32), "elu", dropout=0.2), inputs=4, outputs=3)
    assert [type(layer).__name__ for layer in model.layers] == [
        *(["Dense", "Activation", "Dropout"] * 2),
        "Dense",
    ]
    assert model.count_params() == 5 * 16 + 17 * 32 + 33 * 3
    assert len(build_probe(Design(), 4, 3).layers) == 1


def test_leaky_relu_has_the_slope_of_the_fixed_suite():
    activation = build_probe(Design((1,)), 1, 1).layers[1]
    np.testing.assert_allclose(activation(np.array([[-1.0, 2.0]])), [[-0.01, 2.0]], rtol=1e-6)


@pytest.mark.parametrize("probe_settings", PROBE_SETTINGS)
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_loss_and_metric_are_those_of_the_fixed_suite(checked, task, probe_settings):
    splits = checked(task)
    problem = problem_of(splits, task, probe_settings)
    model, result = train(problem, epochs=1)
    validation = problem.validation
    outputs = model.predict(validation.embeddings, verbose=0)
    expected = problem.head.loss(outputs, validation.labels).numpy().mean()
    assert result["val_loss"] == pytest.approx(expected, rel=1e-5)
    predicted = problem.head.decode(outputs)
    expected = measure(problem.metric, predicted, splits["validation"].labels)
    assert result[f"val_{problem.metric}"] == pytest.approx(expected, rel=1e-5)


def test_same_hyperparameters_give_the_same_score(checked):
    problem = problem_of(checked())
    _, first = train(problem)
    train(problem, width_1=64)
    keras.utils.set_random_seed(99)
    _, again = train(problem)
    _, other = train(problem, seed=1)
    assert first["val_loss"] == again["val_loss"]
    assert first["val_loss"] != other["val_loss"]


def test_training_lowers_the_loss(checked):
    _, result = train(problem_of(checked(rows=300)), epochs=25, dropout=0.0, learning_rate=1e-2)
    assert result["val_loss"] < 0.1
    assert result["epochs"] == 25


def test_smaller_last_batch_is_used(checked):
    problem = problem_of(checked(rows=150))
    model, _ = train(problem, epochs=2)
    assert int(model.optimizer.iterations.numpy()) == 2 * 3


def test_divergence_is_a_failed_trial(checked):
    with pytest.raises(keras_tuner.errors.FailedTrialError, match="never finite"):
        train(problem_of(checked()), learning_rate=1e38, dropout=0.0)


def test_seeds_of_different_trials_differ():
    seeds = {
        trial_seed(seed, Design((width,)), epoch)
        for seed in (0, 1)
        for width in (1, 2)
        for epoch in (0, 3)
    }
    assert len(seeds) == 8
    assert all(0 <= seed < 2**32 for seed in seeds)


def state(model):
    return [v.numpy() for v in (*model.weights, *model.optimizer.variables)]


def rebuilt(problem):
    return ProbeHyperModel(problem, seed=1).build(hyperparameters())


@pytest.mark.parametrize("version", ["this", "earlier"])
def test_weights_and_optimizer_are_kept(checked, tmp_path, version):
    problem = problem_of(checked())
    model, _ = train(problem, epochs=1)
    path = tmp_path / "checkpoint.npz"
    if version == "this":
        model.save_weights(path)
    else:
        keras.Sequential.save_weights(model, tmp_path / "checkpoint.weights.h5")
    other = rebuilt(problem)
    other.load_weights(path)
    for a, b in zip(state(other), state(model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_full_disk_leaves_the_weights_of_before(checked, tmp_path, monkeypatch):
    problem = problem_of(checked())
    model, path = rebuilt(problem), tmp_path / "checkpoint.npz"
    model.save_weights(path)
    before = path.read_bytes()

    def full(file, **arrays):
        file.write(b"some of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        model.save_weights(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


@pytest.mark.parametrize("probe_settings", PROBE_SETTINGS)
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_workers_read_the_same_problem(tmp_path, checked, task, probe_settings):
    splits = checked(task)
    save_problem(tmp_path / "examples", task, splits["train"], splits["validation"])
    assert not any("test" in path.name for path in tmp_path.rglob("*"))
    problem = problem_of(splits, task, probe_settings)
    loaded = load_problem(tmp_path / "examples", probe_settings)
    for a, b in zip(
        (*problem.train, *problem.validation), (*loaded.train, *loaded.validation), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_embeddings_are_standardised_by_train_alone(checked):
    problem = problem_of(checked())
    np.testing.assert_allclose(problem.train.embeddings.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(problem.train.embeddings.std(0), 1, atol=1e-5)
    assert abs(problem.validation.embeddings.mean()) > 1e-3


def test_with_the_settings_of_pihlgren_et_al_nothing_is_standardised(checked):
    splits = checked()
    problem = problem_of(splits, probe_settings="pihlgren")
    for name, encoded in (("train", problem.train), ("validation", problem.validation)):
        np.testing.assert_array_equal(encoded.embeddings, splits[name].embeddings)
        np.testing.assert_array_equal(encoded.labels, splits[name].labels.astype(np.float32))
    outputs = np.float32([[1, 2], [0, 0]])
    np.testing.assert_allclose(problem.loss(np.float32([[1, 4], [3, 0]]), outputs), [2, 4.5])
    np.testing.assert_allclose(problem.score(np.float32([[1, 4], [3, 0]]), outputs), [2, 3])
    classes = problem_of(checked("classification"), "classification", "pihlgren")
    np.testing.assert_allclose(classes.loss(np.float32([[0, 1], [1, 0]]), outputs), [1, 0.5])
    np.testing.assert_array_equal(classes.score(np.float32([[0, 1], [0, 1]]), outputs), [1, 0])


def test_fingerprint_changes_with_any_value(checked):
    splits = checked()
    before = fingerprint("regression", splits)
    assert before == fingerprint("regression", checked())
    splits["test"].labels[-1, -1] += 1e-9
    assert fingerprint("regression", splits) != before
    assert fingerprint("classification", checked()) != before
