"""Operations on features before they are compared."""

from tfdeepsim.errors import InputError

FEATURE_ACTIVATIONS = ("none", "sigmoid")
FEATURE_NORMALIZATIONS = ("none", "channel")


def check_activation(name: str) -> None:
    """Raises InputError if there is no such activation."""
    if name not in FEATURE_ACTIVATIONS:
        raise InputError(
            "unknown feature activation", got=repr(name), accepted=", ".join(FEATURE_ACTIVATIONS)
        )


def check_normalization(name: str) -> None:
    """Raises InputError if there is no such normalization."""
    if name not in FEATURE_NORMALIZATIONS:
        raise InputError(
            "unknown feature normalization",
            got=repr(name),
            accepted=", ".join(FEATURE_NORMALIZATIONS),
        )
