import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from tfdeepsim.errors import InputError
from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.scikit_learn.candidates import Candidate, choose

RNG = np.random.default_rng(0)
Z = RNG.normal(3, 2, size=(20, 2)).astype(np.float32)


class Constant:
    """Estimator that predicts one value, and keeps what it was trained on."""

    def __init__(self, value, converges=True):
        self.value, self.converges = value, converges

    def fit(self, z, y):
        self.z, self.y = z, y
        if not self.converges:
            warnings.warn("did not converge", ConvergenceWarning, stacklevel=1)

    def predict(self, z):
        self.seen = z
        return np.full(len(z), self.value)


def candidates(*values, **settings):
    return [Candidate({"value": value}, Constant(value, **settings)) for value in values]


def test_first_of_the_best_candidates_on_validation_is_chosen():
    train, validation = (
        EmbeddingSplit(Z, np.array([5, 7] * 10)),
        EmbeddingSplit(Z[:4], np.array([7, 7, 5, 9])),
    )
    fitted = choose(
        candidates(9, 5, 7, 7), train, validation, "classification", {"value": [9, 5, 7]}
    )
    assert fitted.chosen == [{"value": 7, "validation_accuracy": 0.5, "converged": True}]
    assert fitted.settings == {"value": [9, 5, 7]}
    np.testing.assert_array_equal(fitted.predict(Z), np.full((1, 20), 7))


def test_labels_of_regression_are_standardised_and_predictions_mapped_back():
    labels = RNG.normal([100.0], [5.0], size=(20, 1))
    below, mean = candidates(-1.0, 0.0)
    fitted = choose(
        [below, mean],
        EmbeddingSplit(Z, labels),
        EmbeddingSplit(Z[:4], labels[:4]),
        "regression",
        {},
    )
    np.testing.assert_allclose(mean.estimator.y.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(fitted.predict(Z), np.full((1, 20, 1), labels.mean()))
    expected = np.mean((labels[:4] - labels.mean()) ** 2) / labels.var()
    assert fitted.chosen[0]["validation_loss"] == pytest.approx(expected)


def test_embeddings_are_standardised_by_train_in_double_precision():
    [candidate] = candidates(0)
    labels = np.array([0, 1] * 10)
    fitted = choose(
        [candidate],
        EmbeddingSplit(Z, labels),
        EmbeddingSplit(Z[:4], labels[:4]),
        "classification",
        {},
    )
    fitted.predict(2 * Z)
    for z, expected in ((candidate.estimator.z, Z), (candidate.estimator.seen, 2 * Z)):
        assert z.dtype == np.float64
        np.testing.assert_allclose(z, (expected - Z.mean(0)) / Z.std(0), rtol=1e-4, atol=1e-5)


def test_missing_convergence_is_recorded_without_a_warning():
    train = EmbeddingSplit(Z, np.array([0, 1] * 10))
    fitted = choose(candidates(0, converges=False), train, train, "classification", {})
    assert fitted.chosen[0]["converged"] is False


def test_embeddings_to_predict_for_are_checked():
    train = EmbeddingSplit(Z, np.array([0, 1] * 10))
    with pytest.raises(InputError, match="must be finite"):
        choose(candidates(0), train, train, "classification", {}).predict(Z * np.nan)
