"""Paths of SavedModels that TensorFlow can load."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

PATTERNS = set("[]*?\\") - {os.sep}
"""Signs in a path that TensorFlow takes for a pattern of several paths."""


@contextlib.contextmanager
def path_without_patterns(path: Path) -> Iterator[str]:
    """A path of the same folder for `tf.saved_model.load`.

    In a folder such as `runs/a[1]`, TensorFlow writes a SavedModel and then does not find its
    variables, so a link with a plain name leads there while it loads.

    Args:
        path: Folder of a SavedModel.

    Example:
        >>> with path_without_patterns(Path("runs", "a[1]", "encoder")) as plain:
        ...     encoder = tf.saved_model.load(plain)
    """
    if not PATTERNS & set(str(path)):
        yield str(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, "model")
        link.symlink_to(path.resolve(), target_is_directory=True)
        yield str(link)
