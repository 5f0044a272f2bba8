"""Probes: small supervised models on frozen embeddings, and what they score.

Light on purpose: importing this room loads no TensorFlow, so that a command can check a name at once.
"""

from tfdeepsim.errors import InputError

PROBES = ("mlp",)


def check_probe(name: str) -> str:
    """Return `name` if it names a probe.

    Raises:
        InputError: If it does not.
    """
    if name not in PROBES:
        raise InputError("probe must be known", got=repr(name), accepted=", ".join(PROBES))
    return name
