import warnings

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from tfdeepsim.errors import InputError
from tfdeepsim.probes.scikit_learn.folds import C, svm_over_folds

CLASSES, WIDTH = 3, 6


def blobs(each, distance, seed=0):
    """Embeddings of classes 0, 10 and 20, one after the other, and their labels."""
    labels = np.tile(np.arange(CLASSES), each)
    centres = distance * np.random.default_rng(99).normal(size=(CLASSES, WIDTH))
    noise = np.random.default_rng(seed).normal(size=(len(labels), WIDTH))
    return (centres[labels] + noise).astype(np.float32), 10 * labels


def test_classes_that_lie_apart_are_separated():
    scores = svm_over_folds(*blobs(40, 20), *blobs(30, 20, seed=1), folds=4)
    assert scores.accuracies == (1, 1, 1, 1)
    assert (scores.mean, scores.deviation) == (1, 0)
    assert scores.c == C[0]  # of equals the smallest


def test_embeddings_without_information_score_chance():
    scores = svm_over_folds(*blobs(200, 0), *blobs(500, 0, seed=1))
    assert scores.mean == pytest.approx(1 / CLASSES, abs=0.04)
    assert len(scores.accuracies) == 10


def test_mean_and_deviation_are_over_folds():
    scores = svm_over_folds(*blobs(60, 0.6), *blobs(100, 0.6, seed=1), folds=5)
    assert scores.mean == pytest.approx(np.mean(scores.accuracies))
    assert scores.deviation == pytest.approx(
        np.sqrt(np.sum((np.array(scores.accuracies) - scores.mean) ** 2) / 4)
    )
    assert scores.deviation > 0


def test_each_fold_trains_an_svm_that_is_scored_on_the_whole_test_set():
    z, y = blobs(60, 0.6)
    test_z, test_y = blobs(100, 0.6, seed=1)
    folds = [np.arange(0, 90), np.arange(60, 180), list(range(30, 75))]
    scores = svm_over_folds(z, y, test_z, test_y, folds=folds)
    for rows, accuracy in zip(folds, scores.accuracies, strict=True):
        mean, deviation = z[rows].mean(0), z[rows].std(0)
        svm = LinearSVC(C=scores.c, dual=False, tol=1e-5).fit((z[rows] - mean) / deviation, y[rows])
        assert accuracy == pytest.approx(svm.score((test_z - mean) / deviation, test_y), abs=0.011)


def test_the_first_fold_alone_chooses_c():
    z, y = blobs(60, 0.6)
    test = blobs(100, 0.6, seed=1)
    folds = np.arange(180).reshape(3, 60)
    scores = svm_over_folds(z, y, *test, folds=list(folds))
    changed, changed_test = y.copy(), (test[0], np.roll(test[1], 1))
    changed[60:] = np.roll(changed[60:], 1)
    assert svm_over_folds(z, changed, *changed_test, folds=list(folds)).c == scores.c
    # Another C is best where the labels of the first fold are noisier.
    chosen = {
        svm_over_folds(*blobs(each, d), *test, folds=2).c
        for each, d in ((4, 3), (60, 0.3), (300, 0.6))
    }
    assert len(chosen) > 1


def test_drawn_folds_are_disjoint_and_balanced(monkeypatch):
    from tfdeepsim.probes.scikit_learn import folds as module

    z, y = blobs(50, 1)
    y = np.where(np.arange(150) > 120, 0, y)  # the others are rarer
    seen = []
    monkeypatch.setattr(module, "_accuracy", lambda c, train, test: seen.append(train) or 0.5)
    svm_over_folds(z, y, z, y, folds=4, fold_size=12)
    drawn = seen[-4:]
    for part in drawn:
        np.testing.assert_array_equal(np.unique(part.labels, return_counts=True)[1], [4, 4, 4])
    assert len(np.unique(np.concatenate([part.embeddings for part in drawn]), axis=0)) == 48
    svm_over_folds(z, y, z, y, folds=4)
    assert [len(part.labels) for part in seen[-4:]] == [
        30
    ] * 4  # 40 of the rarest class, a quarter of each


def test_seed_decides_the_result():
    data = (*blobs(60, 0.6), *blobs(200, 0.6, seed=1))
    first, again, other = (svm_over_folds(*data, folds=3, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_the_scale_of_columns_does_not_count():
    (z, y), (test_z, test_y) = blobs(60, 0.6), blobs(100, 0.6, seed=1)
    scale, shift = np.float32([1e-3, 1, 1e3, 5, 1, 1]), np.float32([0, 1, 5, 0, 0, 0])
    plain = svm_over_folds(z, y, test_z, test_y, folds=3)
    scaled = svm_over_folds(z * scale + shift, y, test_z * scale + shift, test_y, folds=3)
    assert scaled.accuracies == pytest.approx(plain.accuracies, abs=0.01)


def test_no_warning_where_more_columns_than_examples_separate_all():
    generator = np.random.default_rng(0)
    z, y = generator.normal(size=(60, 300)), np.tile(np.arange(3), 20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svm_over_folds(z, y, z, y, folds=3)


DATA = (*blobs(20, 1), *blobs(20, 1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"folds": 11}, "got 20 of class 0 for 11 folds; accepted: 22 or more"),
        ({"folds": 1}, "several folds"),
        ({"folds": [np.arange(30)]}, "several folds"),
        ({"folds": 4, "fold_size": 18}, "multiples of 3 from 6 to 15"),
        ({"folds": 4, "fold_size": 10}, "multiples of 3"),
        ({"folds": 4, "fold_size": 3}, "from 6 to 15"),
        (
            {"folds": [np.arange(30), np.arange(40, 61)]},
            "fold 1 must be rows .* 40 to 60; .* 0 to 59",
        ),
        ({"folds": [[-1, 2, 3], [1, 2, 3]]}, "fold 0 must be rows"),
        ({"folds": [[0.5, 2, 3], [1, 2, 3]]}, "fold 0 must be rows"),
        ({"folds": [[], [1, 2, 3]]}, "fold 0 must be rows"),
        ({"folds": [np.zeros(9, int), np.arange(9)]}, "each row once"),
        (
            {"folds": [np.arange(30), np.arange(5)]},
            "fold 1 .* got 1 of class 20; accepted: 2 or more",
        ),
    ],
)
def test_impossible_folds_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        svm_over_folds(*DATA, **settings)


def test_splits_are_checked():
    with pytest.raises(InputError, match="equally wide"):
        svm_over_folds(*blobs(20, 1), np.zeros((4, 2)), np.zeros(4, int))
