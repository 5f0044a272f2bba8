"""Probe `svm`: a linear support vector machine."""

from sklearn.svm import LinearSVC

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.fitted_probe import FittedProbe
from tfdeepsim.probes.scikit_learn.candidates import Candidate, choose

L2 = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
"""Candidates: factor of half the squared norm of the weights, added to the mean loss over
examples."""

# The tolerance is the default of liblinear's command line for this solver.
MAX_ITER, TOLERANCE = 1000, 1e-2


def fit_svm(
    train: EmbeddingSplit, validation: EmbeddingSplit, task: str = "classification"
) -> FittedProbe:
    """Minimise the squared hinge loss with an L2 penalty chosen by validation.

    Each class is separated from all others by a problem of its own, so the time grows with the
    number of classes.

    Args:
        train: Checked examples with class ids to train on.
        validation: Checked examples with class ids to choose the penalty by.
        task: Always `"classification"`.
    """
    examples, width = train.embeddings.shape
    candidates = [
        Candidate({"l2": l2}, _estimator(1 / (l2 * examples), dual=width > examples)) for l2 in L2
    ]
    settings = {"l2": list(L2), "max_iter": MAX_ITER, "tolerance": TOLERANCE}
    return choose(candidates, train, validation, task, settings)


def _estimator(c: float, dual: bool) -> LinearSVC:
    return LinearSVC(C=c, dual=dual, tol=TOLERANCE, max_iter=MAX_ITER, random_state=0)
