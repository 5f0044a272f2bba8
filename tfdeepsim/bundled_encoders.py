"""Encoders that come with the package: SavedModels in `saved_models/`, each beside its card."""

import atexit
import contextlib
from pathlib import Path

# Not `importlib.resources`, whose `as_file` takes no folder before Python 3.12.
from importlib_resources import as_file, files

# Of a package in a zip file, `as_file` makes files that are removed when the program ends.
_FILES = contextlib.ExitStack()
atexit.register(_FILES.close)

BUNDLED_FOLDERS = (
    _FILES.enter_context(as_file(files("tfdeepsim") / "saved_models")),
    Path(__file__).parents[1] / "saved_models",
)
"""Where bundled files are: in the package where it is installed, as setup.py says; beside the
package in a checkout."""


def bundled_encoders() -> dict[str, Path]:
    """The folder of each encoder that comes with the package, by its name.

    Example:
        >>> sorted(bundled_encoders())
        ['llv2-ae', 'llv2-p-ae', 'llv2-p-vae', 'llv2-vae']
    """
    return {
        model.parent.name: model.parent
        for folder in BUNDLED_FOLDERS
        for model in folder.glob("*/saved_model.pb")
    }
