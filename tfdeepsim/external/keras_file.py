"""External networks in `.keras` files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.external.loaded_network import LoadedNetwork, image_input


def load_keras_file(path: Path) -> LoadedNetwork:
    """Load a `.keras` file without running code that it holds.

    Args:
        path: The file.

    Raises:
        InputError: If the file is damaged, holds a Lambda layer or an unknown class, or its model
            does not take images.
    """
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    # A damaged file can fail in any part of the loader.
    except Exception as error:
        raise _refused(path, error) from error
    if not getattr(model, "inputs", None):
        raise InputError(
            "an external .keras file says what it takes",
            got=f"{path} without symbolic inputs",
            accepted="a functional or Sequential model with an Input; or export it as a SavedModel",
        )
    specs = [tf.TensorSpec(value.shape, value.dtype) for value in model.inputs]
    return LoadedNetwork(
        image_input(path, specs), _shapes(model), lambda x, name: _named(model, x)[name]
    )


def _named(model: Any, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
    outputs = model(images, training=False)
    if isinstance(outputs, Mapping):
        return outputs
    return dict(zip(model.output_names, tf.nest.flatten(outputs), strict=True))


def _shapes(model: Any) -> dict[str, tf.TensorShape]:
    names = list(model.output) if isinstance(model.output, Mapping) else model.output_names
    outputs = model.output.values() if isinstance(model.output, Mapping) else model.outputs
    return {name: tf.TensorShape(value.shape) for name, value in zip(names, outputs, strict=True)}


def _refused(path: Path, error: Exception) -> InputError:
    text = str(error)
    if "Lambda" in text or "lambda" in text:
        reason = "it holds a Lambda layer, which is code"
    elif "Could not locate" in text or "custom" in text:
        reason = "it holds a class that is not Keras' own"
    else:
        reason = (text.strip().splitlines() or [type(error).__name__])[0][:200]
    return InputError(
        "an external .keras file holds Keras' own layers and no code",
        got=f"{path} ({reason})",
        accepted="a whole .keras file without Lambda layers and custom classes; or export it as a "
        "SavedModel",
    )
