"""A linear support vector machine (SVM) on each of several small folds (Dosovitskiy & Brox 2016,
§4.1)."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from tfdeepsim.errors import InputError
from tfdeepsim.probes.data.splits import EmbeddingSplit, check_splits
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.probes.scikit_learn.svm import MAX_ITER, TOLERANCE

C = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Candidates: factor of the summed loss, added to half the squared norm of the weights, for
standardised embeddings."""

# Parts of the cross-validation that chooses C.
_PARTS = 5
# Smallest number of examples of each class in a fold.
_LEAST = 2


class FoldScores(NamedTuple):
    """Accuracies on the test split of the SVMs that were trained on each fold.

    Attributes:
        mean: Mean accuracy over folds, 0 to 1.
        deviation: Sample standard deviation of the accuracy over folds.
        accuracies: Accuracy of each fold, in the order of the folds.
        c: The `C` that all SVMs were trained with.

    Example:
        >>> scores = svm_over_folds(train_z, train_labels, test_z, test_labels, folds=10)
        >>> print(f"{scores.mean:.1%} ± {scores.deviation:.1%}")
    """

    mean: float
    deviation: float
    accuracies: tuple[float, ...]
    c: float


def svm_over_folds(
    train_embeddings: Any,
    train_labels: Any,
    test_embeddings: Any,
    test_labels: Any,
    folds: int | Sequence[Any] = 10,
    fold_size: int | None = None,
    seed: int = 0,
) -> FoldScores:
    """Train a linear SVM on each fold of the training set, and score each on the whole test set.

    This is the protocol of STL-10, whose ten folds of 1000 examples can be passed as `folds`. The
    loss is the squared hinge loss of one class against all others, on embeddings standardised by
    the mean and standard deviation of the fold. Cross-validation inside the first fold, in up to 5
    parts, chooses C for all folds; the smallest of equally good values is taken. Test labels
    choose nothing.

    Args:
        train_embeddings: Embeddings [N, D] of any real dtype.
        train_labels: Class ids, integers [N].
        test_embeddings: Embeddings [M, D] of any real dtype.
        test_labels: Class ids, integers [M].
        folds: Number of folds, which are drawn at random, disjoint, with equally many examples of
            each class; or the row numbers of each fold, which may overlap.
        fold_size: Number of examples in a drawn fold, a multiple of the number of classes; None for
            the largest possible.
        seed: Seed of the drawn folds and of the parts of cross-validation.

    Raises:
        InputError: As `check_splits` does; or if there are fewer than two folds, a fold holds a row
            twice or one that is not in the training set, or a class has fewer than two examples in
            a fold or too few for all folds.
    """
    splits = check_splits(
        "classification",
        train=(train_embeddings, train_labels),
        test=(test_embeddings, test_labels),
    )
    train, test = splits["train"], splits["test"]
    if isinstance(folds, int | np.integer):
        rows = _draw(train.labels, int(folds), fold_size, seed)
    else:
        rows = [_checked(number, fold, train.labels) for number, fold in enumerate(folds)]
    if len(rows) < 2:
        raise InputError(
            "a standard deviation needs several folds", got=len(rows), accepted="2 or more"
        )
    subsets = [EmbeddingSplit(train.embeddings[fold], train.labels[fold]) for fold in rows]
    c = _choose_c(subsets[0], seed)
    accuracies = tuple(_accuracy(c, subset, test) for subset in subsets)
    return FoldScores(float(np.mean(accuracies)), float(np.std(accuracies, ddof=1)), accuracies, c)


def _draw(labels: np.ndarray, folds: int, fold_size: int | None, seed: int) -> list[np.ndarray]:
    """Row numbers of disjoint folds with equally many examples of each class."""
    classes, counts = np.unique(labels, return_counts=True)
    if folds < 2:
        raise InputError(
            "a standard deviation needs several folds", got=folds, accepted="2 or more"
        )
    most = int(counts.min()) // folds
    if most < _LEAST:
        raise InputError(
            "every fold needs examples of each class",
            got=f"{counts.min()} of class {classes[counts.argmin()]} for {folds} folds",
            accepted=f"{_LEAST * folds} or more of each class, or fewer folds",
        )
    each, rest = divmod(most * len(classes) if fold_size is None else fold_size, len(classes))
    if rest or not _LEAST <= each <= most:
        smallest, largest = _LEAST * len(classes), most * len(classes)
        raise InputError(
            "folds must be disjoint and balanced over classes",
            got=f"{folds} folds of {fold_size} from {counts.min()} examples of the rarest class",
            accepted=f"multiples of {len(classes)} from {smallest} to {largest}",
        )
    generator = np.random.default_rng(seed)
    shuffled = [generator.permutation(np.flatnonzero(labels == name)) for name in classes]
    return [
        np.concatenate([rows[number * each : (number + 1) * each] for rows in shuffled])
        for number in range(folds)
    ]


def _checked(number: int, fold: Any, labels: np.ndarray) -> np.ndarray:
    """Row numbers of a fold that the caller chose, checked."""
    rows = np.asarray(fold)
    integers = rows.ndim == 1 and np.issubdtype(rows.dtype, np.integer)
    if not integers or not len(rows) or rows.min() < 0 or rows.max() >= len(labels):
        raise InputError(
            f"fold {number} must be rows of the training set",
            got=f"{rows.dtype} {list(rows.shape)}"
            + (f", {rows.min()} to {rows.max()}" if rows.size else ""),
            accepted=f"integers from 0 to {len(labels) - 1}",
        )
    if len(np.unique(rows)) < len(rows):
        raise InputError(
            f"fold {number} has each row once", got="some twice", accepted="different rows"
        )
    classes = np.unique(labels)
    counts = np.sum(labels[rows, None] == classes, axis=0)
    if counts.min() < _LEAST:
        raise InputError(
            f"fold {number} needs examples of each class",
            got=f"{counts.min()} of class {classes[counts.argmin()]}",
            accepted=f"{_LEAST} or more",
        )
    return rows


def _choose_c(fold: EmbeddingSplit, seed: int) -> float:
    """The candidate for C with the highest accuracy in cross-validation inside the fold."""
    parts = min(_PARTS, int(np.unique(fold.labels, return_counts=True)[1].min()))
    divided = list(
        StratifiedKFold(parts, shuffle=True, random_state=seed).split(fold.labels, fold.labels)
    )
    pairs = [
        [EmbeddingSplit(fold.embeddings[rows], fold.labels[rows]) for rows in pair]
        for pair in divided
    ]
    means = [np.mean([_accuracy(c, *pair) for pair in pairs]) for c in C]
    return C[int(np.argmax(means))]


def _accuracy(c: float, train: EmbeddingSplit, test: EmbeddingSplit) -> float:
    """Accuracy on `test` of an SVM trained on `train`."""
    standardizer = Standardizer(train.embeddings)
    examples, width = train.embeddings.shape
    svm = LinearSVC(C=c, dual=width > examples, tol=TOLERANCE, max_iter=MAX_ITER, random_state=0)
    with warnings.catch_warnings():
        # Where classes can be separated, a large C reaches the maximum number of iterations; its
        # accuracy is used all the same.
        warnings.simplefilter("ignore", ConvergenceWarning)
        svm.fit(standardizer.apply(train.embeddings).astype(np.float64), train.labels)
    return float(np.mean(svm.predict(standardizer.apply(test.embeddings)) == test.labels))
