"""The share of a paper's training that a recipe takes."""

from tfdeepsim.errors import InputError


def scaled_steps(full: int, scale: float) -> int:
    """`scale` of the steps of a paper.

    Raises:
        InputError: If it is no share, or nothing is left.
    """
    steps = round(full * scale) if 0 < scale <= 1 else 0
    if steps < 1:
        raise InputError(
            "--scale is a share of the full size", got=scale, accepted=f"{1 / full:g} to 1"
        )
    return steps
