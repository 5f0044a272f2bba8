"""What a Keras model expects of pixels beside their range: functions by name, so that a comparator
can be saved."""

from collections.abc import Callable
from typing import Any

import keras

from tfdeepsim.errors import InputError

Function = Callable[[Any], Any]


def preprocessing(preprocess: Any) -> tuple[Any, Function]:
    """The function that prepares pixels for a model.

    Args:
        preprocess: Name of a module of `keras.applications`, for its `preprocess_input`; that
            function itself; a Keras layer; another function; or None.

    Returns:
        `preprocess`, by name if it is a function of `keras.applications`; and the function.

    Raises:
        InputError: If there is no such module, or it is something else.
    """
    if preprocess is None:
        return None, lambda pixels: pixels
    functions = _of_applications()
    for name, function in functions.items():
        if preprocess is function:
            preprocess = name
            break
    if isinstance(preprocess, str) and preprocess in functions:
        return preprocess, functions[preprocess]
    if isinstance(preprocess, str) or not callable(preprocess):
        raise InputError(
            "preprocess prepares pixels for a model",
            got=repr(preprocess),
            accepted=f"a Keras layer, a function, or one of {', '.join(functions)}",
        )
    if isinstance(preprocess, keras.layers.Layer):
        preprocess.trainable = False
    return preprocess, preprocess


def serialized(preprocess: Any) -> Any:
    """`preprocess` as the config of a layer holds it.

    Raises:
        InputError: If it is a function that Keras cannot save.
    """
    if preprocess is None or isinstance(preprocess, str):
        return preprocess
    if not isinstance(preprocess, keras.layers.Layer):
        name = keras.saving.get_registered_name(preprocess)
        if ">" not in name:
            raise InputError(
                "a comparator is saved only if its preprocess is a name, a layer or registered",
                got=name,
                accepted="a function under @keras.saving.register_keras_serializable()",
            )
    return keras.saving.serialize_keras_object(preprocess)


def shown(preprocess: Any) -> str:
    """`preprocess` in words for the record, after the range of values."""
    if preprocess is None:
        return ""
    if isinstance(preprocess, keras.layers.Layer):
        return f", {preprocess.name}"
    return f", {preprocess if isinstance(preprocess, str) else preprocess.__name__}"


def _of_applications() -> dict[str, Function]:
    modules = vars(keras.applications).items()
    return {
        name: module.preprocess_input
        for name, module in sorted(modules)
        if hasattr(module, "preprocess_input")
    }
