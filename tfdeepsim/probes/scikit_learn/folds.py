"""A linear support vector machine on each of several small folds (Dosovitskiy & Brox 2016,
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
"""Candidates: weight of the summed loss beside half the squared norm, for standardised
embeddings."""

_PARTS = 5
_LEAST = 2  # examples of each class in a fold


class FoldScores(NamedTuple):
    """What the machines of all folds reach on the test split.

    Attributes:
        mean: Mean accuracy over folds, 0 to 1.
        deviation: Sample standard deviation over folds.
        accuracies: Of each fold, in order.
        c: The `C` that all of them were trained with.
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

    It is the protocol of STL-10, whose own ten folds of 1000 can be given. Squared hinge loss, one
    class against all others, on embeddings standardised by the fold's own mean and deviation. C is
    chosen by cross-validation inside the first fold only, in up to 5 parts, and kept for all folds;
    of equals the smallest is taken. No test label enters.

    Args:
        train_embeddings: [N, D] of any real dtype.
        train_labels: Class ids, integers [N].
        test_embeddings: [M, D].
        test_labels: Class ids, integers [M].
        folds: How many are drawn at random, disjoint and with equally many examples of each class;
            or the rows of each, which may overlap.
        fold_size: Examples of a drawn fold, a multiple of the number of classes; the largest
            possible by default.
        seed: Of drawing folds and of the parts of cross-validation.

    Raises:
        InputError: If a split is not as `check_splits` wants it, there are fewer than two folds, a
            fold is not of rows of the training set or given twice a row, or a class has fewer than
            two examples in a fold or too few for all folds.
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
        rows = [_given(number, fold, train.labels) for number, fold in enumerate(folds)]
    if len(rows) < 2:
        raise InputError("a deviation needs several folds", got=len(rows), accepted="2 or more")
    parts = [EmbeddingSplit(train.embeddings[fold], train.labels[fold]) for fold in rows]
    c = _choose(parts[0], seed)
    accuracies = tuple(_accuracy(c, part, test) for part in parts)
    return FoldScores(float(np.mean(accuracies)), float(np.std(accuracies, ddof=1)), accuracies, c)


def _draw(labels: np.ndarray, folds: int, fold_size: int | None, seed: int) -> list[np.ndarray]:
    """Rows of disjoint folds with equally many of each class."""
    classes, counts = np.unique(labels, return_counts=True)
    if folds < 2:
        raise InputError("a deviation needs several folds", got=folds, accepted="2 or more")
    most = int(counts.min()) // folds
    if most < _LEAST:
        raise InputError(
            "every fold needs examples of each class",
            got=f"{counts.min()} of class {classes[counts.argmin()]} for {folds} folds",
            accepted=f"{_LEAST * folds} or more of each class, or fewer folds",
        )
    each, rest = divmod(most * len(classes) if fold_size is None else fold_size, len(classes))
    if rest or not _LEAST <= each <= most:
        raise InputError(
            "folds must be disjoint and balanced over classes",
            got=f"{folds} folds of {fold_size} from {counts.min()} examples of the rarest class",
            accepted=f"multiples of {len(classes)} from {_LEAST * len(classes)} to {most * len(classes)}",
        )
    generator = np.random.default_rng(seed)
    shuffled = [generator.permutation(np.flatnonzero(labels == name)) for name in classes]
    return [
        np.concatenate([rows[number * each : (number + 1) * each] for rows in shuffled])
        for number in range(folds)
    ]


def _given(number: int, fold: Any, labels: np.ndarray) -> np.ndarray:
    """Rows of a given fold, checked."""
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


def _choose(fold: EmbeddingSplit, seed: int) -> float:
    """The candidate with the highest accuracy in cross-validation inside the fold."""
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
    """Share of `test` that a machine trained on `train` gets right."""
    standardizer = Standardizer(train.embeddings)
    examples, width = train.embeddings.shape
    machine = LinearSVC(
        C=c, dual=width > examples, tol=TOLERANCE, max_iter=MAX_ITER, random_state=0
    )
    with warnings.catch_warnings():
        # Where classes can be separated a large C stops at the limit of steps; its score counts as
        # it is.
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(standardizer.apply(train.embeddings).astype(np.float64), train.labels)
    return float(np.mean(machine.predict(standardizer.apply(test.embeddings)) == test.labels))
