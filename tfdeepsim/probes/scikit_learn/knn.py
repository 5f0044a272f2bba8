"""Probe `knn`: the nearest examples vote."""

from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.fitted_probe import FittedProbe
from tfdeepsim.probes.scikit_learn.candidates import Candidate, choose

NEIGHBOURS = (50, 20, 10, 5, 3, 1)
"""Candidates; those above the number of examples are left out."""


def fit_knn(train: EmbeddingSplit, validation: EmbeddingSplit, task: str) -> FittedProbe:
    """Nearest neighbours by Euclidean distance of standardised embeddings, exact, k chosen by
    validation.

    A vote weighs the inverse of its distance, so that few votes seldom tie; of a tie the smallest
    class id wins.

    Args:
        train: Checked examples.
        validation: Checked examples.
        task: `"regression"` (weighted mean of the neighbours' labels) or `"classification"`.
    """
    kind = KNeighborsRegressor if task == "regression" else KNeighborsClassifier
    candidates = [
        Candidate({"neighbours": k}, kind(k, weights="distance", algorithm="brute"))
        for k in NEIGHBOURS
        if k <= len(train.labels)
    ]
    settings = {"neighbours": list(NEIGHBOURS), "weights": "distance"}
    return choose(candidates, train, validation, task, settings)
