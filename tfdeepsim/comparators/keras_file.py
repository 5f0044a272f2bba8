"""Keras models in `.keras` files, read without running code that a file holds."""

import os
from pathlib import Path
from typing import Any

import keras

from tfdeepsim.errors import InputError
from tfdeepsim.hdf5_check import check_hdf5

_RULE = "an external .keras file holds Keras' own layers and no code"
_ACCEPTED = (
    "a whole .keras file without Lambda layers and custom classes; or export it as a SavedModel"
)


def read_keras_file(path: str | os.PathLike) -> Any:
    """Load the model in a `.keras` file.

    Args:
        path: The file.

    Returns:
        A functional or Sequential model, not compiled.

    Raises:
        InputError: If the file is missing or damaged, holds a Lambda layer or an unknown class, or
            its model does not say what it takes.
    """
    if os.path.isfile(path):
        check_hdf5(path, _RULE, _ACCEPTED)
    try:
        model = keras.saving.load_model(Path(path), compile=False, safe_mode=True)
    # A damaged file can fail in any part of the loader.
    except Exception as error:
        raise _refused(path, error) from error
    if not getattr(model, "inputs", None):
        raise InputError(
            "an external .keras file says what it takes",
            got=f"{path} without symbolic inputs",
            accepted="a functional or Sequential model with an Input; or export it as a SavedModel",
        )
    return model


def _refused(path: str | os.PathLike, error: Exception) -> InputError:
    text = str(error)
    if "Lambda" in text or "lambda" in text:
        reason = "it holds a Lambda layer, which is code"
    elif "Could not locate" in text or "custom" in text:
        reason = "it holds a class that is not Keras' own"
    else:
        reason = (text.strip().splitlines() or [type(error).__name__])[0][:200]
    return InputError(_RULE, got=f"{path} ({reason})", accepted=_ACCEPTED)
