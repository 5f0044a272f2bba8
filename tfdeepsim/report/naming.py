"""What runs, losses and metrics are called where people read them."""

_PREFIX = {"pixel": "", "perceptual": "P. ", "deepsim": "DeePSiM "}
_METRIC = {"l1": "mean L1 distance", "l2": "mean L2 distance", "accuracy": "accuracy"}


def paper_name(model: str, loss: str) -> str:
    """The name of a system as in Table 1 of Pihlgren et al. 2020: AE, VAE, P. AE or P. VAE.

    Losses which that table does not have stand before the model: `l1 AE`, `custom VAE`.
    """
    return printable(_PREFIX.get(loss, f"{loss} ") + model.upper())


def metric_name(metric: str) -> str:
    """A metric in words, e.g. `mean L1 distance`."""
    return _METRIC.get(metric, printable(metric))


def printable(text: object) -> str:
    """`text` on one line; the replacement character stands for controls, terminal escapes among them."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def shorten(text: str, length: int) -> str:
    """At most `length` characters, left out in the middle: run names differ at their ends."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def listed(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))
