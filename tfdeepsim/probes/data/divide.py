"""Random division of labelled examples into those to train on, to choose by and to score."""

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.probes.data.subset import subset

VALIDATION_SIZE = 0.2
"""Share of the examples that are not scored, which the settings of a probe are chosen by."""


def divide(
    embeddings: np.ndarray, labels: np.ndarray, *, test_size: float | None, seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Divide examples at random; each class keeps its share in each part.

    Args:
        embeddings: Embeddings [N, D].
        labels: Class ids, int [N], each of which occurs twice or more; or numbers [N, K].
        test_size: Share of the examples to score; None for none.
        seed: Seed of the division, 0 or above.

    Returns:
        Embeddings and labels of `train`, `validation` and, with a `test_size`, `test`. Each class
        has an example in `train` and `test`, and in `validation` if there are three.

    Raises:
        InputError: If there are too few examples for a part.
    """
    rows = np.arange(len(labels))
    parts = {}
    if test_size is not None:
        parts["test"] = subset(labels, test_size, [seed, 0])
        rows = np.setdiff1d(rows, parts["test"])
    # An example that is the last one of its class is trained on.
    spare = rows[_counts(labels[rows]) > 1]
    parts["validation"] = spare
    if len(spare):
        parts["validation"] = spare[subset(labels[spare], VALIDATION_SIZE, [seed, 1])]
    parts["train"] = np.setdiff1d(rows, parts["validation"])
    _check_enough(labels, parts)
    return {name: (embeddings[part], labels[part]) for name, part in parts.items()}


def _counts(labels: np.ndarray) -> np.ndarray:
    """For each example, how many have its class; without classes, all."""
    if labels.ndim == 2:
        return np.full(len(labels), len(labels))
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return counts[inverse]


def _check_enough(labels: np.ndarray, parts: dict[str, np.ndarray]) -> None:
    is_complete = labels.ndim == 2 or set(labels[parts["train"]]) == set(labels)
    if is_complete and all(len(part) for part in parts.values()):
        return
    sizes = ", ".join(f"{len(part)} in {name}" for name, part in parts.items())
    raise InputError(
        "a probe needs examples to train on, of each class, others to choose by, and others to "
        "score",
        got=f"{len(labels)} examples: {sizes}",
        accepted="more examples, or a smaller test_size",
    )
