"""A kind of probe of your own: the class with the nearest mean."""

import sys

from sklearn.neighbors import NearestCentroid

from tfdeepsim.commands import evaluate
from tfdeepsim.probes import PROBES, Kind
from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.fitted_probe import FittedProbe
from tfdeepsim.probes.scikit_learn.candidates import Candidate, choose

SHRINKING = (0.0, 0.2, 1.0)
"""Candidates: how far the means of classes are moved to the mean of all."""


def fit_centroid(train: EmbeddingSplit, validation: EmbeddingSplit, task: str) -> FittedProbe:
    """Train one estimator for each candidate, and choose one by the validation examples.

    Args:
        train: Embeddings float32 [N, D] and class ids [N] to train on; `choose` standardizes them.
        validation: Others to choose by.
        task: Always "classification", because the probe is registered for nothing else.
    """
    candidates = [
        Candidate({"shrinking": shrinking}, NearestCentroid(shrink_threshold=shrinking or None))
        for shrinking in SHRINKING
    ]
    return choose(candidates, train, validation, task, {"shrinking": list(SHRINKING)})


PROBES["centroid"] = Kind(fit_centroid, ("classification",))
if __name__ == "__main__":
    sys.exit(evaluate.main())
