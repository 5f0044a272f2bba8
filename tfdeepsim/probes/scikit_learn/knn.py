"""Probe `knn`: k nearest neighbours."""

from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.fitted_probe import FittedProbe
from tfdeepsim.probes.scikit_learn.candidates import Candidate, choose

NEIGHBOURS = (50, 20, 10, 5, 3, 1)
"""Candidates for k; those above the number of examples are left out."""


def fit_knn(train: EmbeddingSplit, validation: EmbeddingSplit, task: str) -> FittedProbe:
    """Predict by the nearest neighbours in standardised embeddings; validation chooses k.

    The search is exact, by Euclidean distance. Neighbours are weighted by the inverse of their
    distance, so that votes for classes rarely tie; the smallest of tied class ids wins.

    Args:
        train: Checked examples to train on.
        validation: Checked examples to choose k by.
        task: `"regression"` (weighted mean of the neighbours' labels) or `"classification"`
            (weighted vote).
    """
    kind = KNeighborsRegressor if task == "regression" else KNeighborsClassifier
    candidates = [
        Candidate({"neighbours": k}, kind(k, weights="distance", algorithm="brute"))
        for k in NEIGHBOURS
        if k <= len(train.labels)
    ]
    settings = {"neighbours": list(NEIGHBOURS), "weights": "distance"}
    return choose(candidates, train, validation, task, settings)
