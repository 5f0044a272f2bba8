"""External networks in `.keras` files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators.keras_file import read_keras_file
from tfdeepsim.external.loaded_network import LoadedNetwork, image_input


def load_keras_file(path: Path) -> LoadedNetwork:
    """Load a `.keras` file without running code that it holds.

    Args:
        path: The file.

    Raises:
        InputError: If the file is damaged, holds a Lambda layer or an unknown class, or its model
            does not take images.
    """
    model = read_keras_file(path)
    if isinstance(model, keras.Sequential):
        # It has inputs and outputs, but neither names of outputs nor `output`.
        model = keras.Model(model.inputs[0], model.outputs[0])
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
