"""The training images of the SVM of Table 4 of Dosovitskiy & Brox 2016 (§4.1), and their folds."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.splits.labelled import TARGET, labelled
from tfdeepsim.data.splits.split import LABEL, Images, Split
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.data.stl10 import Stl10Binary
from tfdeepsim.errors import InputError
from tfdeepsim.probes.scikit_learn.folds import FoldScores, svm_over_folds

FOLDS, FOLD_SIZE = 10, 1000
"""Number of folds, and of images in a fold, as those of STL-10."""


@dataclasses.dataclass(frozen=True)
class SvmFolds:
    """Training images with labels, and their division into folds.

    Attributes:
        images: Images of one or more splits, each uint8 [N, H, W, 3], which follow each other.
        labels: Class ids of all images, int64 [N].
        folds: Row numbers of each fold in `labels`.
        test: Test images, with their class ids as `target`.
        origin: Where the folds come from, for a note below a table.

    Example:
        >>> data = svm_folds(open_dataset("stl10"))
        >>> [len(fold) for fold in data.folds[:2]]
        [1000, 1000]
    """

    images: Sequence[Images]
    labels: np.ndarray
    folds: Sequence[np.ndarray]
    test: Split
    origin: str

    @property
    def chance(self) -> float:
        """Share of the test images that have the most frequent class of the training images."""
        classes, counts = np.unique(self.labels, return_counts=True)
        return float(np.mean(self.test.labels[TARGET] == classes[counts.argmax()]))

    @property
    def classes(self) -> int:
        """Number of classes of the training images."""
        return len(np.unique(self.labels))

    def accuracies(self, encode: Callable[[Images], np.ndarray]) -> FoldScores:
        """Train a linear SVM on each fold, and score each on all test images.

        Args:
            encode: Maps images to embeddings [N, D].
        """
        used, start, embeddings = np.unique(np.concatenate(self.folds)), 0, []
        for images in self.images:
            rows = used[(used >= start) & (used < start + len(images))] - start
            embeddings.append(encode(Subset(images, rows)))
            start += len(images)
        return svm_over_folds(
            np.concatenate(embeddings),
            self.labels[used],
            encode(self.test.images),
            self.test.labels[TARGET],
            folds=[np.searchsorted(used, fold) for fold in self.folds],
        )


def svm_folds(dataset: Dataset) -> SvmFolds:
    """The folds of a dataset, in which all classes occur: those that come with STL-10, as in the
    paper; for other datasets, ones that are drawn from all training images of probes, whether a
    split uses them to train or to validate.

    Raises:
        InputError: If the dataset has no classes, or too few images of one, or if the file of the
            folds of STL-10 is missing or damaged.
    """
    if dataset.labelled()[0] != "classification":
        raise InputError(
            "an SVM separates classes", got=f"{dataset.name} with numbers", accepted="class labels"
        )
    splits = Splits(dataset)
    test = labelled(splits, "test")
    if isinstance(dataset, Stl10Binary):
        folds = dataset.folds()
        train = dataset.raw_split("train")
        labels = train.labels[LABEL]
        return SvmFolds([train.images], labels, folds, test, "those that come with STL-10")
    parts = [labelled(splits, name) for name in ("probe_train", "probe_validation")]
    labels = np.concatenate([part.labels[TARGET] for part in parts])
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2 or counts.min() < 2 * FOLDS:
        raise InputError(
            f"the SVM needs two classes or more, with {2 * FOLDS} training images each",
            got=f"{len(classes)} classes, {counts.min()} images of the rarest one",
            accepted="a dataset with more images of each class",
        )
    folds = draw_folds(labels)
    overlap = "; they overlap, as those of STL-10 do" * (sum(map(len, folds)) > len(labels))
    origin = (
        f"drawn from all {len(labels):,} training images, because the dataset has none{overlap}"
    )
    return SvmFolds([part.images for part in parts], labels, folds, test, origin)


def draw_folds(labels: np.ndarray) -> list[np.ndarray]:
    """Folds of rows, in which all classes are about equally frequent.

    They are disjoint if there are rows enough for that, and overlap otherwise. Of fewer rows than
    two folds have, they are smaller and disjoint.

    Args:
        labels: Class ids [N].

    Returns:
        Row numbers of `FOLDS` folds of `FOLD_SIZE` rows, or of N / `FOLDS` if N is small.
    """
    if 2 * FOLD_SIZE <= len(labels) < FOLDS * FOLD_SIZE:
        every = len(labels) / FOLD_SIZE
        return [
            by_class(labels, seed=fold)[(np.arange(FOLD_SIZE) * every).astype(int)]
            for fold in range(FOLDS)
        ]
    # Every tenth row, sorted by class, is in the same fold.
    order = by_class(labels, seed=0)
    return [
        np.random.default_rng(fold).permutation(order[fold::FOLDS])[:FOLD_SIZE]
        for fold in range(FOLDS)
    ]


def by_class(labels: np.ndarray, seed: int) -> np.ndarray:
    """Row numbers sorted by class, those of a class in random order."""
    order = np.random.default_rng(seed).permutation(len(labels))
    return order[np.argsort(labels[order], kind="stable")]
