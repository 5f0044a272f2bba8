"""Probe `svm`: a linear support vector machine."""

from sklearn.svm import LinearSVC

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.fitted_probe import FittedProbe
from tfdeepsim.probes.scikit_learn.candidates import Candidate, choose

L2 = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
"""Candidates: weight of half the squared norm of the weights, beside the mean loss of an
example."""

# Tolerance is that of liblinear's own command for this solver.
MAX_ITER, TOLERANCE = 1000, 1e-2


def fit_svm(train: EmbeddingSplit, validation: EmbeddingSplit) -> FittedProbe:
    """Squared hinge loss, one class against all others, with an L2 penalty chosen by validation.

    Time grows with the number of classes: each is a problem of its own.

    Args:
        train: Checked examples with class ids.
        validation: Checked examples with class ids.
    """
    examples, width = train.embeddings.shape
    candidates = [
        Candidate({"l2": l2}, _estimator(1 / (l2 * examples), dual=width > examples)) for l2 in L2
    ]
    settings = {"l2": list(L2), "max_iter": MAX_ITER, "tolerance": TOLERANCE}
    return choose(candidates, train, validation, "classification", settings)


def _estimator(c: float, dual: bool) -> LinearSVC:
    return LinearSVC(C=c, dual=dual, tol=TOLERANCE, max_iter=MAX_ITER, random_state=0)
