"""External networks: trained elsewhere, and used for their features only.

Importing this module does not load TensorFlow, so commands check names at once.
"""

from tfdeepsim.errors import InputError
from tfdeepsim.options import INPUT_RANGES


def check_input_range(name: str) -> tuple[float, float]:
    """Values of black and white in the input range `name`.

    Args:
        name: A key of `INPUT_RANGES`.

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
