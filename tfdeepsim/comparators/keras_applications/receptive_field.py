"""How much of an image a feature of a Keras network sees."""

from collections.abc import Sequence

import keras

Field = tuple[int, int]
"""Side in pixels of what one feature sees, and the pixels between neighbours."""


def receptive_fields(model: keras.Model) -> list[Field | None]:
    """The receptive field of each output, along the path that sees most; None for the whole image.

    Args:
        model: From images [B, H, W, C], by layers that are each called once.
    """
    fields: dict[int, Field | None] = {id(model.inputs[0]): (1, 1)}
    for operation in model.operations:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        seen = _through(
            operation, [fields[id(tensor)] for tensor in keras.tree.flatten(operation.input)]
        )
        fields |= dict.fromkeys(map(id, keras.tree.flatten(operation.output)), seen)
    return [fields[id(tensor)] for tensor in model.outputs]


def _through(operation: keras.Operation, inputs: Sequence[Field | None]) -> Field | None:
    if isinstance(operation, keras.Sequential):
        for layer in operation.layers:
            inputs = [_through(layer, inputs)]
        return inputs[0]
    known = [field for field in inputs if field is not None]
    # A map that is weighed by what was seen elsewhere, as squeeze and excitation do, sees that too.
    if len(known) < len(inputs) or len(operation.output.shape) != 4 or _is_global(operation):
        return None
    field, step = (max(values) for values in zip(*known, strict=True))
    window = getattr(operation, "kernel_size", None) or getattr(operation, "pool_size", None)
    if window is None:
        return field, step
    dilation = getattr(operation, "dilation_rate", (1, 1))[0]
    return field + (window[0] - 1) * dilation * step, step * operation.strides[0]


def _is_global(operation: keras.Operation) -> bool:
    return isinstance(
        operation, keras.layers.GlobalAveragePooling2D | keras.layers.GlobalMaxPooling2D
    )
