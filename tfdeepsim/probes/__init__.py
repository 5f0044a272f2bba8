"""Probes: small supervised models on frozen embeddings, and what they score.

Light on purpose: importing this room loads no TensorFlow, so that a command can check a name at
once.
"""

from tfdeepsim.errors import InputError

PROBES = ("mlp", "linear", "knn", "svm")


def check_probe(name: str) -> str:
    """Return `name` if it names a probe.

    Raises:
        InputError: If it does not.
    """
    if name not in PROBES:
        raise InputError("probe must be known", got=repr(name), accepted=", ".join(PROBES))
    return name


def check_probes(text: str) -> tuple[str, ...]:
    """The probes that a list like `mlp,linear` names, in its order.

    Raises:
        InputError: If one is unknown or named twice.
    """
    names = tuple(check_probe(name.strip()) for name in text.split(","))
    if len(set(names)) < len(names):
        raise InputError(
            "each probe is named once", got=text, accepted="different ones of " + ", ".join(PROBES)
        )
    return names


def check_task(probe: str, task: str) -> None:
    """Raises InputError if `probe` is unknown, or is none for this task."""
    check_probe(probe)
    if probe == "svm" and task == "regression":
        others = ", ".join(name for name in PROBES if name != "svm")
        raise InputError("probe svm is for classes", got="labels that are numbers", accepted=others)


def check_fractions(text: str) -> tuple[float, ...]:
    """The shares of labels that a list like `0.01,0.1,1` names, in rising order; none for an empty
    text.

    Raises:
        InputError: If one is no number above 0 and up to 1, or given twice.
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
