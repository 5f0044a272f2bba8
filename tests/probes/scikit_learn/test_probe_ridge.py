import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probes.scikit_learn.ridge import L2, quick_metric, quick_score, ridge

RNG = np.random.default_rng(0)
CLASSES = RNG.choice([2, 5, 11], size=300)
POSITIONS = RNG.normal([5, -3], [1, 0.2], size=(300, 2))


def score(embeddings, labels, task):
    return quick_score((embeddings[:200], labels[:200]), (embeddings[200:], labels[200:]), task)


def test_perfect_embeddings_score_best():
    assert score(np.eye(12)[CLASSES], CLASSES, "classification") == 1
    assert score(POSITIONS, POSITIONS, "regression") < 1e-2


def test_empty_embeddings_score_chance():
    frequent = np.argmax(np.bincount(CLASSES[:200]))
    assert score(np.zeros((300, 4)), CLASSES, "classification") == np.mean(
        CLASSES[200:] == frequent
    )
    expected = np.abs(POSITIONS[200:] - POSITIONS[:200].mean(axis=0)).sum(axis=1).mean()
    assert score(np.zeros((300, 4)), POSITIONS, "regression") == pytest.approx(expected)


def test_better_embeddings_score_better():
    noise = RNG.normal(size=(300, 2))
    near, far = (score(POSITIONS + size * noise, POSITIONS, "regression") for size in (0.1, 1))
    assert near < far
    clean, noisy = (
        score(np.eye(12)[CLASSES] + n * RNG.normal(size=(300, 12)), CLASSES, "classification")
        for n in (0.1, 1)
    )
    assert clean > noisy


@pytest.mark.parametrize("width", [3, 80], ids=["narrow", "wider than long"])
def test_penalty_is_the_best_when_each_example_is_left_out_in_turn(width):
    x = RNG.normal(size=(40, width))
    x -= x.mean(axis=0)
    y = x[:, :2] + RNG.normal(size=(40, 2))

    def outputs(rows, new, l2):
        """Ridge regression with a free intercept, by its normal equations."""
        mean, target = x[rows].mean(axis=0), y[rows].mean(axis=0)
        centered = x[rows] - mean
        inverse = np.linalg.inv(centered.T @ centered + l2 * len(x) * np.eye(width))
        return (new - mean) @ inverse @ centered.T @ (y[rows] - target) + target

    def left_out_error(l2):
        every = np.arange(len(x))
        return np.mean([(outputs(every != i, x[i : i + 1], l2) - y[i]) ** 2 for i in every])

    best = min(L2, key=left_out_error)
    new = RNG.normal(size=(5, width))
    np.testing.assert_allclose(ridge(x, y, new), outputs(np.arange(len(x)), new, best), rtol=1e-6)


def test_direction_of_the_metric():
    assert quick_metric("classification") == ("accuracy", True)
    assert quick_metric("regression") == ("l1", False)


def test_bad_embeddings_are_refused():
    with pytest.raises(InputError, match="split 'train' must be finite"):
        score(np.full((300, 2), np.nan), POSITIONS, "regression")
