"""One line for whatever is wrong with a file that another program wrote."""

import contextlib
import os
from collections.abc import Iterator

from tfdeepsim.errors import InputError


@contextlib.contextmanager
def reading(path: str | os.PathLike, must: str, accepted: str) -> Iterator[None]:
    """Turn any error into one that names the file.

    A damaged or hostile file can trip any step of a parser; the user gets one line all the same.

    Args:
        path: The file.
        must: What it must be, e.g. `a whole .npy file`.
        accepted: What would be accepted.

    Raises:
        InputError: In place of any error.
    """
    try:
        yield
    except InputError as error:
        raise InputError(
            f"cannot read {path}: {error.rule}", got=error.got, accepted=error.accepted
        ) from None
    except Exception as error:
        raise InputError(
            f"cannot read {path}: it must be {must}",
            got=f"{type(error).__name__}: {str(error)[:100]!a}",
            accepted=accepted,
        ) from error
