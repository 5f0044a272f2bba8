import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.scikit_learn.linear import L2, fit_linear

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(300, 4)).astype(np.float32)
NOISE = RNG.normal(size=(300, 2))


def splits(labels):
    return EmbeddingSplit(Z[:120], labels[:120]), EmbeddingSplit(Z[120:200], labels[120:200])


def standardised():
    mean, deviation = Z[:120].mean(0), Z[:120].std(0)
    return np.float64((Z - mean) / deviation)


def test_ridge_is_the_closed_form():
    labels = 10 + Z[:, :2] + NOISE
    fitted = fit_linear(*splits(labels), "regression")
    [chosen] = fitted.chosen
    z, mean = standardised(), labels[:120].mean(0)
    x = z[:120]
    weights = np.linalg.solve(x.T @ x + chosen["l2"] * 120 * np.eye(4), x.T @ (labels[:120] - mean))
    np.testing.assert_allclose(fitted.predict(Z[200:])[0], z[200:] @ weights + mean, rtol=1e-5)
    assert chosen["validation_loss"] < 1


def test_logistic_regression_is_at_the_minimum_of_its_loss():
    labels = np.argmax(Z[:, :3] + NOISE[:, :1], axis=1) * 2
    fitted = fit_linear(*splits(labels), "classification")
    l2, z = fitted.chosen[0]["l2"], standardised()
    rows = np.arange(120)

    def outputs(parameters, x):
        return x @ parameters[:12].reshape(4, 3) + parameters[12:]

    def loss(parameters):
        logits = outputs(parameters, z[:120])
        fit = np.mean(logsumexp(logits, axis=1) - logits[rows, labels[:120] // 2])
        return fit + l2 / 2 * np.sum(parameters[:12] ** 2)

    best = minimize(loss, np.zeros(15)).x
    expected = 2 * np.argmax(outputs(best, z[200:]), axis=1)
    assert np.mean(fitted.predict(Z[200:])[0] == expected) >= 0.99


@pytest.mark.parametrize(("signal", "at_least", "at_most"), [(0.0, 1e-1, 1e2), (1.0, 1e-6, 1e-1)])
def test_validation_chooses_a_strong_penalty_for_noise_and_a_weak_one_for_signal(
    signal, at_least, at_most
):
    fitted = fit_linear(*splits(signal * Z[:, :2] + 0.1 * NOISE), "regression")
    assert at_least <= fitted.chosen[0]["l2"] <= at_most


def test_more_columns_than_examples():
    wide = RNG.normal(size=(60, 100)).astype(np.float32)
    train, validation = (
        EmbeddingSplit(wide[rows], wide[rows, :1]) for rows in (slice(0, 20), slice(20, 40))
    )
    fitted = fit_linear(train, validation, "regression")
    assert fitted.predict(wide).shape == (1, 60, 1)
    classes = [
        EmbeddingSplit(split.embeddings, (split.labels[:, 0] > 0).astype(np.int64))
        for split in (train, validation)
    ]
    assert fit_linear(*classes, "classification").predict(wide).shape == (1, 60)


def test_grid_is_recorded_from_the_strongest_penalty_to_the_weakest():
    fitted = fit_linear(*splits(Z[:, :1]), "regression")
    assert fitted.settings["l2"] == sorted(L2["regression"], reverse=True)
