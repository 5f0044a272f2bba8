"""The share of a paper's training that a recipe does."""

from tfdeepsim.errors import InputError


def scaled_steps(full: int, scale: float) -> int:
    """The number of optimizer steps at a scale.

    Args:
        full: Number of steps in the paper.
        scale: Share of them, above 0 and up to 1.

    Raises:
        InputError: If `scale` is out of range, or less than one step is left.
    """
    steps = round(full * scale) if 0 < scale <= 1 else 0
    if steps < 1:
        raise InputError(
            "--scale is a share of the full size", got=scale, accepted=f"{1 / full:g} to 1"
        )
    return steps
