"""Probes: small supervised models that are trained on frozen embeddings and scored on test.

Importing this package loads neither TensorFlow nor NumPy, so that a command can check a name at
once.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tfdeepsim.errors import InputError

TASKS = ("regression", "classification")


class Kind(NamedTuple):
    """A kind of probes.

    Attributes:
        fit: Function of the examples to train on, those to choose by (`EmbeddingSplit`) and the
            task, that returns a `FittedProbe`; or where it is, as `module:function`.
        tasks: What such a probe can do, some of `TASKS`.

    Example:
        >>> PROBES["centroid"] = Kind(fit_centroid, ("classification",))
    """

    fit: Callable[..., Any] | str
    tasks: tuple[str, ...] = TASKS


PROBES: dict[str, Kind] = {
    "mlp": Kind("tfdeepsim.probes.mlp.fit:fit_mlp"),
    "linear": Kind("tfdeepsim.probes.scikit_learn.linear:fit_linear"),
    "knn": Kind("tfdeepsim.probes.scikit_learn.knn:fit_knn"),
    "svm": Kind("tfdeepsim.probes.scikit_learn.svm:fit_svm", ("classification",)),
}
"""Kinds of probes by name; others can be added."""

PROBE_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "standard": {},
    "pihlgren": {"batch_size": 512, "standardize": False, "raw_targets": True},
}
"""Named settings of MLP probes: the fields of `MlpSuite` that are not at their defaults.

`pihlgren` is what the public code of Pihlgren et al. does: mean squared error to positions in their
units and to one-hot vectors of classes, batches of 512, and embeddings as they are."""


def check_probe(name: str) -> str:
    """Return `name` if it is the name of a probe.

    Raises:
        InputError: If it is not.
    """
    if name not in PROBES:
        raise InputError("probe must be known", got=repr(name), accepted=", ".join(PROBES))
    return name


def check_probes(text: str) -> tuple[str, ...]:
    """Read a list of probes.

    Args:
        text: Names separated by commas, e.g. `mlp,linear`.

    Returns:
        The names, in the order of the list.

    Raises:
        InputError: If a name is unknown, or occurs twice.
    """
    names = tuple(check_probe(name.strip()) for name in text.split(","))
    if len(set(names)) < len(names):
        raise InputError(
            "each probe is named once", got=text, accepted="different ones of " + ", ".join(PROBES)
        )
    return names


def check_probe_settings(name: str) -> str:
    """Return `name` if it is one of `PROBE_SETTINGS`.

    Raises:
        InputError: If it is not.
    """
    if name not in PROBE_SETTINGS:
        raise InputError(
            "--probe-settings must be known", got=repr(name), accepted=", ".join(PROBE_SETTINGS)
        )
    return name


def check_task(probe: str, task: str) -> None:
    """Check that a probe can be trained for a task.

    Args:
        probe: Name of a probe.
        task: `"regression"` or `"classification"`.

    Raises:
        InputError: If the probe is unknown, or cannot be trained for this task.
    """
    check_probe(probe)
    if task not in PROBES[probe].tasks:
        others = ", ".join(name for name, kind in PROBES.items() if task in kind.tasks)
        fits, got = "classes", "labels that are numbers"
        if task == "classification":
            fits, got = "numbers", "labels that are classes"
        raise InputError(f"probe {probe} is for {fits}", got=got, accepted=others)


def check_fractions(text: str) -> tuple[float, ...]:
    """Read a list of fractions of the labels.

    Args:
        text: Numbers separated by commas, e.g. `0.01,0.1,1`; may be empty.

    Returns:
        The fractions in rising order; none for an empty text.

    Raises:
        InputError: If an entry is not a number above 0 and up to 1, or occurs twice.
    """
    try:
        fractions = tuple(sorted(float(part) for part in text.split(","))) if text.strip() else ()
    except ValueError:
        fractions = (0.0,)
    if len(set(fractions)) < len(fractions) or not all(0 < fraction <= 1 for fraction in fractions):
        raise InputError(
            "fractions of labels are different numbers above 0 and up to 1",
            got=repr(text),
            accepted="0.01,0.1,1",
        )
    return fractions
