"""A copy of a Keras model up to some of its layers."""

from collections.abc import Sequence
from typing import Any

import keras

from tfdeepsim.comparators.keras_applications.layers import check_layers
from tfdeepsim.comparators.keras_applications.weights import finalize
from tfdeepsim.errors import InputError


def up_to(model: keras.Model, layers: Sequence[str]) -> keras.Model:
    """Copy a model up to some of its layers.

    The copy takes images of any size, if the layers up to there do, whatever size the model was
    built for.

    Args:
        model: Functional or Sequential model of colour images.
        layers: Names of its layers.

    Returns:
        A model with weights of its own, from images [B, H, W, 3] to the features of each layer.

    Raises:
        InputError: If the model does not say what it takes, takes something else, or has no such
            layer; or if a layer gives several tensors, or is inside of another model.
    """
    shape = _image_shape(model)
    check_layers(model.name, layers, [layer.name for layer in _layers(model)])
    if not layers or len(set(layers)) < len(layers):
        raise InputError(
            "a comparator compares different layers",
            got=", ".join(layers) or "none",
            accepted="one layer or more, each once",
        )
    outputs = [_output(model, layer) for layer in layers]
    try:
        truncated = keras.Model(model.inputs[0], outputs, name=model.name)
    # The output of a model inside the model belongs to a graph of its own.
    except ValueError as error:
        raise InputError(
            "features are computed from the model's own images",
            got=f"{'+'.join(layers)} of {model.name}, with a model inside the model",
            accepted="other layers, or that inner model by itself",
        ) from error
    return _copy(truncated, shape)


def _image_shape(model: Any) -> tuple[int | None, ...]:
    inputs = getattr(model, "inputs", None) if isinstance(model, keras.Model) else None
    if not inputs:
        raise InputError(
            "a comparator is a Keras model that says what it takes",
            got=type(model).__name__ + ("" if inputs is None else " without symbolic inputs"),
            accepted="a functional or Sequential model with an Input",
        )
    shapes = [tuple(tensor.shape) for tensor in inputs]
    if len(shapes) > 1 or len(shapes[0]) != 4 or shapes[0][3] not in (None, 3):
        received = ", ".join(str(list(shape)).replace("None", "?") for shape in shapes)
        raise InputError(
            "a comparator takes colour images",
            got=f"{model.name}, which takes {received}",
            accepted="a model with one input [batch, height, width, 3]",
        )
    return shapes[0][1:3]


def _layers(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]


def _output(model: keras.Model, name: str) -> Any:
    output = model.get_layer(name).output
    if not isinstance(output, keras.KerasTensor):
        raise InputError(
            "a comparator's layer gives one tensor",
            got=f"{len(output)} of {name}",
            accepted="another layer",
        )
    return output


def _copy(model: keras.Model, size: tuple[int | None, ...]) -> keras.Model:
    weights = model.get_weights()
    copies = ((None, None), size) if None not in size else (size,)
    for height, width in copies:
        try:
            images = keras.Input(
                (height, width, 3), dtype=model.inputs[0].dtype, name=model.inputs[0].name
            )
            copy = keras.models.clone_model(model, input_tensors=images)
            copy.set_weights(weights)
        # A layer that needs to know the size of the image.
        except Exception:
            if (height, width) == size:
                raise
        else:
            finalize(copy)
            return copy
    raise AssertionError("the last size is the model's own")
