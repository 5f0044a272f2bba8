"""One line for whatever is wrong with a file that another program wrote."""

import contextlib
import os
from collections.abc import Iterator

from tfdeepsim.errors import InputError


@contextlib.contextmanager
def as_input_error(path: str | os.PathLike, rule: str, accepted: str) -> Iterator[None]:
    """Turn any error into an `InputError` that names the file.

    A damaged or hostile file can make any step of a parser fail; the user sees one line all the
    same.

    Args:
        path: The file that is read.
        rule: What the file must be, e.g. `a whole .npy file`.
        accepted: What would be accepted.

    Raises:
        InputError: In place of any error in the block.
    """
    try:
        yield
    except InputError as error:
        raise InputError(
            f"cannot read {path}: {error.rule}", got=error.got, accepted=error.accepted
        ) from None
    except Exception as error:
        raise InputError(
            f"cannot read {path}: it must be {rule}",
            got=f"{type(error).__name__}: {str(error)[:100]!a}",
            accepted=accepted,
        ) from error
