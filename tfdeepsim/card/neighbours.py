"""Images with similar embeddings."""

import dataclasses

import numpy as np
from sklearn.neighbors import NearestNeighbors

from tfdeepsim.errors import InputError


@dataclasses.dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest other images of some images.

    Attributes:
        queries: Row numbers of the images whose neighbours these are, int64 [Q].
        indices: Row numbers of their nearest neighbours, nearest first, int64 [Q, k].
        distances: Cosine distances to the neighbours, 0 to 2, float [Q, k].

    Example:
        >>> neighbours = nearest_neighbours(embeddings, np.array([0, 7]), k=9)
        >>> neighbours.indices.shape
        (2, 9)
    """

    queries: np.ndarray
    indices: np.ndarray
    distances: np.ndarray


def nearest_neighbours(embeddings: np.ndarray, queries: np.ndarray, k: int) -> Neighbours:
    """Exact nearest neighbours by cosine distance; an image is not its own neighbour.

    The memory that this takes is limited by `sklearn.set_config(working_memory=...)`. An embedding
    of length 0 has distance 1 to all others.

    Args:
        embeddings: Embeddings of N images, float [N, Z], N at least 2.
        queries: Row numbers of the images whose neighbours are searched, int [Q].
        k: Number of neighbours, 1 or more; at most N - 1 are returned.

    Raises:
        InputError: If there are fewer than 2 images, or k is below 1.
    """
    if len(embeddings) < 2 or k < 1:
        raise InputError(
            "neighbours need other images",
            got=f"{len(embeddings)} images, k {k}",
            accepted="2 or more, k 1 or more",
        )
    queries = np.asarray(queries, np.int64)
    k = min(k, len(embeddings) - 1)
    search = NearestNeighbors(n_neighbors=k + 1, metric="cosine", algorithm="brute").fit(embeddings)
    distances, indices = search.kneighbors(embeddings[queries])
    # The image itself is moved to the end and cut off. If more than k others are equal to it, it
    # may not be among the k + 1 nearest; then the last of them is cut off.
    others = np.argsort(indices == queries[:, None], axis=1, kind="stable")[:, :k]
    return Neighbours(
        queries,
        np.take_along_axis(indices, others, 1).astype(np.int64),
        np.take_along_axis(distances, others, 1),
    )
