import numpy as np

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.scikit_learn.knn import NEIGHBOURS, fit_knn

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(200, 3)).astype(np.float32)
TRAIN, VALIDATION, TEST = slice(0, 100), slice(100, 150), slice(150, 200)


def fit(labels, task):
    return fit_knn(
        EmbeddingSplit(Z[TRAIN], labels[TRAIN]),
        EmbeddingSplit(Z[VALIDATION], labels[VALIDATION]),
        task,
    )


def votes(k):
    """Weight of each training example for each test example."""
    z = np.float64((Z - Z[TRAIN].mean(0)) / Z[TRAIN].std(0))
    distances = np.linalg.norm(z[TEST, None] - z[None, TRAIN], axis=2)
    nearest = distances <= np.sort(distances, axis=1)[:, k - 1 : k]
    weights = nearest / distances
    return weights / weights.sum(axis=1, keepdims=True)


def test_regression_is_the_weighted_mean_of_the_neighbours():
    labels = Z[:, :2] ** 2 + 5
    fitted = fit(labels, "regression")
    expected = votes(fitted.chosen[0]["neighbours"]) @ labels[TRAIN]
    np.testing.assert_allclose(fitted.predict(Z[TEST])[0], expected, rtol=1e-4)


def test_classes_are_voted_for():
    labels = 3 * np.digitize(Z[:, 0] + 0.5 * RNG.normal(size=200), [-0.5, 0.5])
    fitted = fit(labels, "classification")
    shares = votes(fitted.chosen[0]["neighbours"]) @ np.eye(3)[labels[TRAIN] // 3]
    np.testing.assert_array_equal(fitted.predict(Z[TEST])[0], 3 * np.argmax(shares, axis=1))


def test_noisy_labels_choose_more_neighbours_than_clean_ones():
    noisy = fit(Z[:, :1] + 3 * RNG.normal(size=(200, 1)), "regression").chosen[0]["neighbours"]
    clean = fit(Z[:, :1], "regression").chosen[0]["neighbours"]
    assert clean < noisy


def test_no_more_neighbours_than_examples():
    labels = np.array([0, 1, 0, 1])
    fitted = fit_knn(
        EmbeddingSplit(Z[:4], labels), EmbeddingSplit(Z[4:8], labels), "classification"
    )
    assert fitted.chosen[0]["neighbours"] in (1, 3)
    assert fitted.settings["neighbours"] == list(NEIGHBOURS)


def test_equal_embeddings_are_predicted_exactly():
    z = np.repeat(Z[:5], 4, axis=0)
    split = EmbeddingSplit(z, np.repeat(np.arange(5), 4))
    np.testing.assert_array_equal(
        fit_knn(split, split, "classification").predict(Z[:5])[0], np.arange(5)
    )
