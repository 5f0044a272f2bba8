"""Small splits whose labels are a function of their embeddings."""

import numpy as np
import pytest

from tfdeepsim.probes.data.splits import check_splits


def make_pairs(task="regression", rows=60, columns=4, seed=0):
    """Embeddings and labels of the splits train, validation and test."""
    rng = np.random.default_rng(seed)

    def pair(n):
        x = rng.normal(3, 2, size=(n, columns)).astype(np.float32)
        if task == "classification":
            return x, np.where(x[:, 0] > 3, 7, 2)
        return x, x[:, :2] @ [[1.0, 2.0], [3.0, -1.0]] + 5

    return pair(rows), pair(rows // 3), pair(rows // 3)


@pytest.fixture
def pairs():
    return make_pairs


@pytest.fixture
def checked():
    """A function that returns checked splits by name."""

    def make(task="regression", **options):
        train, validation, test = make_pairs(task, **options)
        return check_splits(task, train=train, validation=validation, test=test)

    return make
