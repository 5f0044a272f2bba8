"""Two dimensions for embeddings: t-SNE, or principal components."""

import numpy as np

FEWEST = 50
"""Number of different embeddings below which a map shows principal components."""
_PERPLEXITY = 30
_STEPS = 500


def map_points(embeddings: np.ndarray) -> tuple[np.ndarray, str]:
    """Places of embeddings on a map with sides of length 1; the same for the same embeddings.

    The method is t-SNE (van der Maaten & Hinton 2008), which begins with principal components and
    keeps neighbours together. Of fewer than `FEWEST` different embeddings, and of embeddings of one
    or two numbers, the map shows principal components.

    Args:
        embeddings: Embeddings, float `[n, Z]`, all finite, n at least 1.

    Returns:
        Places, float64 `[n, 2]` from 0 to 1, and the method, `t-SNE` or `PCA`.

    Example:
        >>> places, method = map_points(embeddings)
        >>> places.shape, method
        ((1000, 2), 't-SNE')
    """
    embeddings = np.asarray(embeddings)
    if embeddings.shape[1] <= 2 or len(np.unique(embeddings, axis=0)) < FEWEST:
        return _fitted(_principal_components(embeddings)), "PCA"
    return _fitted(_tsne(embeddings)), "t-SNE"


def _tsne(embeddings: np.ndarray) -> np.ndarray:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(_PERPLEXITY, (len(embeddings) - 1) / 3)
    method = TSNE(init="pca", perplexity=perplexity, max_iter=_STEPS, random_state=0)
    # Threads wait for each other several times a step, which takes far longer than the step where
    # other programs use the cores too; and the order of their sums is not fixed.
    with threadpool_limits(1):
        return method.fit_transform(np.asarray(embeddings, np.float32))


def _principal_components(embeddings: np.ndarray) -> np.ndarray:
    """The two directions of largest variance, `[n, 2]`, zeros where there is no second one."""
    centred = np.asarray(embeddings, np.float64)
    centred = centred - centred.mean(axis=0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:2]
    # The sign of a direction is arbitrary: its largest element becomes positive.
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    places = centred @ (directions * np.where(largest < 0, -1, 1)).T
    return np.pad(places, ((0, 0), (0, 2 - places.shape[1])))


def _fitted(places: np.ndarray) -> np.ndarray:
    """Places in the middle of the unit square, as large as it allows, with the same unit for both
    axes."""
    places = np.asarray(places, np.float64)
    low, high = places.min(axis=0), places.max(axis=0)
    return 0.5 + (places - (low + high) / 2) / ((high - low).max() or 1.0)
