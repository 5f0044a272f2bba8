"""Search for the best architecture and settings of a probe, by keras-tuner.

Importing this package loads neither TensorFlow nor keras-tuner.
"""

from tfdeepsim.errors import InputError

TUNERS = ("random", "bayesian", "hyperband", "grid")
"""Names of the algorithms that choose the hyperparameters of the next trial."""


def check_tuner(name: str) -> str:
    """Return `name` if it is the name of a tuner.

    Raises:
        InputError: If it is not.
    """
    if name not in TUNERS:
        raise InputError("tuner must be known", got=repr(name), accepted=", ".join(TUNERS))
    return name
