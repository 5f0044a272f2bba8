"""Networks from elsewhere whose features are taken and which never learn.

Light on purpose: importing this room loads no TensorFlow, so that a command can check names at
once.
"""

from tfdeepsim.errors import InputError
from tfdeepsim.options import INPUT_RANGES


def check_input_range(name: str) -> tuple[float, float]:
    """What black and white are in the input range `name`.

    Raises:
        InputError: If there is no such range.
    """
    if name not in INPUT_RANGES:
        raise InputError(
            "input range of an external encoder must be known",
            got=repr(name),
            accepted=", ".join(INPUT_RANGES),
        )
    return INPUT_RANGES[name]
