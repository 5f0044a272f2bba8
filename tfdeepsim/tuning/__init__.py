"""Tuning: a search over architectures and settings of a probe, by keras-tuner, in one or many
processes.

Light on purpose: importing this room loads neither TensorFlow nor keras-tuner.
"""

from tfdeepsim.errors import InputError

TUNERS = ("random", "bayesian", "hyperband", "grid")


def check_tuner(name: str) -> str:
    """Return `name` if it names a tuner.

    Raises:
        InputError: If it does not.
    """
    if name not in TUNERS:
        raise InputError("tuner must be known", got=repr(name), accepted=", ".join(TUNERS))
    return name
