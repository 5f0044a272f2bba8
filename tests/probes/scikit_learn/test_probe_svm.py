import numpy as np
import pytest
from scipy.optimize import minimize

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.scikit_learn.svm import L2, fit_svm


def blobs(classes, width, each, distance):
    generator = np.random.default_rng(classes)
    labels = np.tile(np.arange(classes), each)
    z = distance * generator.normal(size=(classes, width))[labels] + generator.normal(
        size=(len(labels), width)
    )
    return EmbeddingSplit(z.astype(np.float32), 10 * labels)


@pytest.mark.parametrize(("classes", "width", "each"), [(2, 3, 30), (5, 8, 20), (3, 90, 10)])
def test_classes_that_lie_apart_are_separated(classes, width, each):
    split = blobs(classes, width, each, distance=8)
    fitted = fit_svm(split, split)
    np.testing.assert_array_equal(fitted.predict(split.embeddings)[0], split.labels)
    assert fitted.chosen[0]["converged"]
    assert fitted.settings["l2"] == list(L2)


def test_each_class_is_at_the_minimum_of_its_loss():
    split = blobs(3, 4, 60, distance=1)
    fitted = fit_svm(split, split)
    l2 = fitted.chosen[0]["l2"]
    z = np.float64((split.embeddings - split.embeddings.mean(0)) / split.embeddings.std(0))
    x = np.column_stack([z, np.ones(len(z))])

    def loss(weights, side):
        return l2 / 2 * np.sum(weights**2) + np.mean(np.maximum(0, 1 - side * (x @ weights)) ** 2)

    sides = [np.where(split.labels == 10 * number, 1, -1) for number in range(3)]
    weights = [minimize(loss, np.zeros(5), side).x for side in sides]
    expected = 10 * np.argmax(x @ np.transpose(weights), axis=1)
    assert np.mean(fitted.predict(split.embeddings)[0] == expected) > 0.98
    assert len(np.unique(expected)) == 3
