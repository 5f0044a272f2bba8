"""What this package relies on of Keras' settings, which a user's `keras.json` may change.

This module does not load Keras.
"""

import json
import os
import sys
from pathlib import Path

from tfdeepsim.errors import InputError

PINNED = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
"""The settings of a new installation."""


def check_backend() -> None:
    """Refuse another backend than TensorFlow, before Keras is imported with it.

    Raises:
        InputError: If `KERAS_BACKEND` or `keras.json` names another one.
    """
    file = _file()
    stored = _stored(file).get("backend", "tensorflow")
    backend = os.environ.get("KERAS_BACKEND") or stored
    if "keras" in sys.modules:  # whatever the settings say now
        backend = sys.modules["keras"].config.backend()
    if backend != "tensorflow":
        source = "KERAS_BACKEND" if "KERAS_BACKEND" in os.environ else file
        raise InputError(
            "tfdeepsim is written for Keras with TensorFlow",
            got=f"backend {backend} from {source}",
            accepted="KERAS_BACKEND=tensorflow in the environment",
        )


def pin() -> None:
    """Give Keras the settings that this package relies on, and say so if they were others."""
    import keras

    for name, value in PINNED.items():
        before = getattr(keras.config, name)()
        if before != value:
            print(
                f"note: this command uses {name} {value}, not {before} from {_file()}",
                file=sys.stderr,
            )
            getattr(keras.config, f"set_{name}")(value)


def _file() -> Path:
    """Where Keras looks for its settings."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras", "keras.json")


def _stored(file: Path) -> dict[str, object]:
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # which Keras passes over, too
        return {}
    return settings if isinstance(settings, dict) else {}
