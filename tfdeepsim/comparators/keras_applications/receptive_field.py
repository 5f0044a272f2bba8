"""Receptive fields in a Keras network: how much of an image a feature sees."""

from collections.abc import Sequence

import keras

Field = tuple[int, int]
"""Side of a receptive field in pixels, and the pixels between those of neighbouring features."""

# Layers with a window, of each position by itself, or of the whole image.
_KNOWN = {
    "InputLayer", "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D",
    "AveragePooling2D", "ZeroPadding2D", "BatchNormalization", "LayerNormalization",
    "Normalization", "Rescaling", "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax",
    "Dropout", "SpatialDropout2D", "Add", "Multiply", "Average", "Maximum", "Concatenate",
    "Flatten", "Dense", "GlobalAveragePooling2D", "GlobalMaxPooling2D",
}  # fmt: skip


def is_known(operation: keras.Operation) -> bool:
    """Whether `receptive_fields` knows what the features of an operation see.

    Args:
        operation: A layer of Keras, or any other operation.
    """
    if isinstance(operation, keras.Sequential):
        return all(map(is_known, operation.layers))
    return type(operation).__name__ in _KNOWN and type(operation).__module__.startswith("keras.")


def receptive_fields(model: keras.Model) -> list[Field | None]:
    """The receptive field of each output, along the path that sees most of the image.

    Args:
        model: A model that takes images [B, H, W, C] and calls each of its layers once.

    Returns:
        The field of each output; None where a feature sees the whole image.
    """
    fields: dict[int, Field | None] = {id(model.inputs[0]): (1, 1)}
    for operation in model.operations:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        field = _through(
            operation, [fields[id(tensor)] for tensor in keras.tree.flatten(operation.input)]
        )
        fields |= dict.fromkeys(map(id, keras.tree.flatten(operation.output)), field)
    return [fields[id(tensor)] for tensor in model.outputs]


def _through(operation: keras.Operation, inputs: Sequence[Field | None]) -> Field | None:
    if isinstance(operation, keras.Sequential):
        for layer in operation.layers:
            inputs = [_through(layer, inputs)]
        return inputs[0]
    bounded = [field for field in inputs if field is not None]
    # A map that is multiplied by a value from the whole image, as in squeeze and excitation, sees
    # the whole image.
    if len(bounded) < len(inputs) or len(operation.output.shape) != 4 or _is_global(operation):
        return None
    field, step = (max(values) for values in zip(*bounded, strict=True))
    window = getattr(operation, "kernel_size", None) or getattr(operation, "pool_size", None)
    if window is None:
        return field, step
    dilation = getattr(operation, "dilation_rate", (1, 1))[0]
    return field + (window[0] - 1) * dilation * step, step * operation.strides[0]


def _is_global(operation: keras.Operation) -> bool:
    return isinstance(
        operation, keras.layers.GlobalAveragePooling2D | keras.layers.GlobalMaxPooling2D
    )
