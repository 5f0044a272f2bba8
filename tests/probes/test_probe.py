"""`tds.probe` on plain arrays."""

import math

import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probes.probe import ProbeScore, probe

RNG = np.random.default_rng(0)
CLASSES = np.repeat(["cat", "dog", "eel"], [60, 60, 30])
NUMBERS = RNG.normal(size=(150, 2))
EMBEDDINGS = np.concatenate(
    [4.0 * (CLASSES[:, None] == ["cat", "dog", "eel"]), NUMBERS, RNG.normal(size=(150, 3))], 1
)


@pytest.mark.parametrize("kind", ["linear", "knn", "svm"])
def test_classes_of_any_type(kind):
    result = probe(EMBEDDINGS, CLASSES, kind)
    assert (result.score, result.metric, result.kind) == (1.0, "accuracy", kind)
    assert result.chance == 0.4
    assert result.sizes == {"train": 95, "validation": 25, "test": 30}
    as_ids = np.unique(CLASSES, return_inverse=True)[1]
    for labels in (as_ids, as_ids - 7, as_ids + 2.5, as_ids * 10**12, CLASSES.astype(object)):
        assert probe(EMBEDDINGS, labels, kind) == result


def test_the_interval_of_accuracy_is_wilsons():
    result = probe(EMBEDDINGS, CLASSES)
    z2, n = 1.959963984540054**2, 30
    assert result.interval == pytest.approx((n / (n + z2), 1.0))


def test_the_interval_of_distances_is_students():
    train, (z, y) = (EMBEDDINGS[:100], NUMBERS[:100]), (EMBEDDINGS[100:], NUMBERS[100:] + 1)
    result = probe(*train, test=(z, y))
    # The labels to score are off by one, in two columns, for a probe that is almost exact.
    assert result.score == pytest.approx(2, abs=1e-3)
    assert result.interval == pytest.approx((2, 2), abs=1e-3)
    assert result.interval[0] < result.score < result.interval[1]
    median = np.median(NUMBERS[:80], 0)
    assert result.sizes == {"train": 80, "validation": 20, "test": 50}
    assert result.chance == pytest.approx(np.abs(y - median).sum(1).mean(), rel=0.1)


def test_mlp():
    result = probe(EMBEDDINGS, CLASSES == "cat", "mlp", seed=3)
    assert result.score == 1.0
    assert result == probe(EMBEDDINGS, CLASSES == "cat", "mlp", seed=3)


def test_the_seed_and_the_share_decide_the_division():
    noise = RNG.normal(size=(150, 4))
    scores = {probe(noise, CLASSES, "knn", seed=seed, test_size=0.5).score for seed in range(4)}
    assert len(scores) > 1
    assert probe(noise, CLASSES, test_size=0.5).sizes["test"] == 75


def test_large_numbers_keep_their_precision():
    small = probe(EMBEDDINGS, NUMBERS)
    large = probe(EMBEDDINGS, NUMBERS + 2.0**40)
    assert large.score == pytest.approx(small.score, abs=1e-3)
    assert large.score < 0.01


def test_two_examples_a_class_are_enough_where_another_has_more():
    labels = np.array([0, 0, 1, 1, 1])
    result = probe(np.arange(10.0).reshape(5, 2), labels, "knn")
    assert result.sizes == {"train": 2, "validation": 1, "test": 2}


def test_a_class_that_only_the_test_has_is_an_error():
    test = (EMBEDDINGS[:2], np.array(["cat", "fox"]))
    assert probe(EMBEDDINGS, CLASSES, test=test).score == 0.5


def test_it_reads_well():
    result = ProbeScore(0.9, (0.8, 0.95), 0.25, "accuracy", "knn", {"train": 1600, "test": 400})
    assert str(result) == (
        "knn probe: accuracy 0.9 (95 % interval 0.8 to 0.95), chance 0.25; "
        "1,600 train, 400 test examples"
    )


def _with_nan(array):
    return np.where(np.arange(array.size).reshape(array.shape) == 3, math.nan, array)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((EMBEDDINGS[:5], CLASSES), {}, "got 5 embeddings and 150 labels"),
        ((_with_nan(EMBEDDINGS), CLASSES), {}, "must be finite"),
        ((EMBEDDINGS, _with_nan(NUMBERS)), {}, "labels of train must be finite"),
        ((EMBEDDINGS, _with_nan(np.ones(150))), {}, "labels of train must be finite"),
        ((EMBEDDINGS[0], CLASSES[:8]), {}, "got shape"),
        ((EMBEDDINGS, np.full(150, "cat")), {}, "two classes or more: got class cat only"),
        ((EMBEDDINGS, np.where(np.arange(150), "a", "b")), {}, "one example of 1 of 2.*such as b"),
        ((EMBEDDINGS, NUMBERS[:, 0]), {}, r"numbers to regress have the shape \[N, K\]"),
        ((EMBEDDINGS, NUMBERS * [1, 0] + [0, 3]), {}, "got 3 for all 150 examples in column 1"),
        ((EMBEDDINGS, NUMBERS.astype(str)), {}, "must be numbers"),
        ((EMBEDDINGS, NUMBERS[:, :, None]), {}, "got shape"),
        ((EMBEDDINGS, np.array([None, 1] * 75)), {}, "classes must be of one type"),
        ((EMBEDDINGS[:4], np.array([0, 0, 1, 1])), {}, "got 4 examples"),
        ((EMBEDDINGS, CLASSES, "forest"), {}, "got 'forest'; accepted: mlp, linear, knn, svm"),
        ((EMBEDDINGS, NUMBERS, "svm"), {}, "svm is for classes"),
        ((EMBEDDINGS, CLASSES), {"test_size": 1.0}, "above 0, below 1"),
        ((EMBEDDINGS, CLASSES), {"test_size": 0.99}, "a smaller test_size"),
        ((EMBEDDINGS, CLASSES), {"seed": -1}, "seed is a whole number: got -1"),
        ((EMBEDDINGS, CLASSES), {"test": EMBEDDINGS}, "got ndarray"),
        ((EMBEDDINGS, CLASSES), {"test": (EMBEDDINGS, NUMBERS)}, "of one kind"),
        ((EMBEDDINGS, CLASSES), {"test": (EMBEDDINGS, np.arange(150))}, "of one kind"),
        ((EMBEDDINGS, CLASSES), {"test": (EMBEDDINGS[:, :2], CLASSES)}, "equally wide"),
        (
            (EMBEDDINGS, CLASSES),
            {"test": (EMBEDDINGS, CLASSES), "test_size": 0.5},
            "exclude each other",
        ),
    ],
)
def test_bad_input_is_named(arguments, options, message):
    with pytest.raises(InputError, match=message):
        probe(*arguments, **options)
