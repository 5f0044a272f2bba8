"""Which images an embedding holds for alike."""

import dataclasses

import numpy as np

from tfdeepsim.errors import InputError


@dataclasses.dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest other images of some images.

    Attributes:
        queries: Row numbers of the images asked about, int64 [Q].
        indices: Row numbers of their nearest neighbours, nearest first, int64 [Q, k].
        distances: Cosine distances to them, 0 to 2, [Q, k].
    """

    queries: np.ndarray
    indices: np.ndarray
    distances: np.ndarray


def nearest_neighbours(embeddings: np.ndarray, queries: np.ndarray, k: int) -> Neighbours:
    """Exact nearest neighbours by cosine distance; an image is no neighbour of itself.

    Computed in blocks of about the size that `sklearn.set_config(working_memory=...)` allows. An
    embedding of length 0 has distance 1 to all.

    Args:
        embeddings: float [N, Z], N at least 2.
        queries: Row numbers, int [Q].
        k: How many neighbours, 1 or more; with fewer other images, all of them.

    Raises:
        InputError: If there is nothing to compare with.
    """
    from sklearn.neighbors import NearestNeighbors

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
    # Itself goes last. Where more than k others are equal to it, it may not be among the k + 1 at
    # all.
    others = np.argsort(indices == queries[:, None], axis=1, kind="stable")[:, :k]
    return Neighbours(
        queries,
        np.take_along_axis(indices, others, 1).astype(np.int64),
        np.take_along_axis(distances, others, 1),
    )
