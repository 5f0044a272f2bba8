"""Names of rows, losses and metrics where people read them."""

import itertools
from collections.abc import Sequence

from tfdeepsim.scores import BASELINES
from tfdeepsim.tables import printable

SHORT = 18
"""Number of characters of a row's own name that fit into a figure."""

_PREFIX = {"pixel": "", "perceptual": "P. ", "deepsim": "DeePSiM "}
_METRIC = {
    "l1": "mean L1 distance",
    "l2": "mean L2 distance",
    "l1_pixels": "mean L1 distance in pixels",
    "l2_pixels": "mean L2 distance in pixels",
    "accuracy": "accuracy",
}


def paper_name(model: str, loss: str) -> str:
    """The name of a system as in Table 1 of Pihlgren et al. 2020: AE, VAE, P. AE or P. VAE.

    Other losses are named before the model: `l1 AE`, `custom VAE`.

    Args:
        model: Model, as in `Score`.
        loss: Loss, as in `Score`.
    """
    return printable(_PREFIX.get(loss, f"{loss} ") + model.upper())


def system_name(model: str, loss: str, name: str) -> str:
    """The kind of encoder that a row is.

    Args:
        model: Model, as in `Score`.
        loss: Loss, as in `Score`.
        name: Name of the row.

    Returns:
        The `paper_name` of a trained run, the name of a baseline, or the name of an external
        encoder.
    """
    if model == "external":
        return printable(name)
    return BASELINES.get(model) or paper_name(model, loss)


def own_name(model: str, name: str) -> str:
    """A row's own name; empty where `system_name` says it already."""
    is_said = model == "external" or (model in BASELINES and name in (model, BASELINES[model]))
    return "" if is_said else printable(name)


def full_name(system: str, own: str) -> str:
    """The name of a row in running text, e.g. `P. AE (pae)`."""
    return f"{system} ({own})" if own else system


def metric_name(metric: str) -> str:
    """A metric in words, e.g. `mean L1 distance`."""
    return _METRIC.get(metric, printable(metric))


def shorten(text: str, length: int) -> str:
    """`text` in at most `length` characters; the middle is left out, as names differ at their
    ends."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def distinct(names: Sequence[str], length: int) -> list[str]:
    """Names cut to what tells them apart, if one of them is longer than `length`.

    A beginning or an end that all of them share becomes an ellipsis if it is longer than three
    characters.
    """
    if len(set(names)) < 2 or max(map(len, names)) <= length:
        return list(names)
    head = _shared(names)
    tail = _shared([name[head:][::-1] for name in names])
    # Whole words stay: `latent8` and `latent16`, not `8` and `16`.
    head = max(names[0].rfind(mark, 0, head) for mark in "-_/. ") + 1
    end = names[0][len(names[0]) - tail :]
    tail = len(end) - min(
        (place for mark in "-_/. " if (place := end.find(mark)) >= 0), default=len(end)
    )
    head, tail = (size if size > 3 else 0 for size in (head, tail))
    return ["…" * bool(head) + name[head : len(name) - tail] + "…" * bool(tail) for name in names]


def _shared(names: Sequence[str]) -> int:
    """Number of characters that all names begin with."""
    return sum(
        1
        for _ in itertools.takewhile(
            lambda letters: len(set(letters)) == 1, zip(*names, strict=False)
        )
    )


def in_text(name: str) -> str:
    """The name of a baseline inside a sentence: `the random encoder`, but `PCA of pixels`."""
    return name if name.startswith("PCA") else f"the {name[0].lower()}{name[1:]}"


def listed(items: list[str]) -> str:
    """A list in words: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
