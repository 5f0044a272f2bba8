"""Probe `linear`: logistic regression for classes, ridge regression for numbers."""

from sklearn.linear_model import LogisticRegression, Ridge

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.fitted_probe import FittedProbe
from tfdeepsim.probes.scikit_learn.candidates import Candidate, choose

L2 = {
    "classification": (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
    "regression": (1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
}
"""Candidates: factor of half the squared norm of the weights, added to the mean loss over
examples."""

MAX_ITER = 1000


def fit_linear(train: EmbeddingSplit, validation: EmbeddingSplit, task: str) -> FittedProbe:
    """Minimise softmax cross-entropy, or squared error, with an L2 penalty chosen by validation.

    The penalty is relative to the mean loss over examples, so that one grid suits any number of
    examples: the `C` of scikit-learn is 1 / (L2 · N), its `alpha` is L2 · N.

    Args:
        train: Checked examples to train on.
        validation: Checked examples to choose the penalty by.
        task: `"regression"` or `"classification"`.
    """
    candidates = [
        Candidate({"l2": l2}, _estimator(task, l2 * len(train.labels))) for l2 in L2[task]
    ]
    settings = {"l2": list(L2[task]), "max_iter": MAX_ITER}
    return choose(candidates, train, validation, task, settings)


def _estimator(task: str, penalty: float) -> LogisticRegression | Ridge:
    if task == "classification":
        return LogisticRegression(C=1 / penalty, max_iter=MAX_ITER)
    return Ridge(alpha=penalty, solver="cholesky")
