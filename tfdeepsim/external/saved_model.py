"""External networks in SavedModel folders."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.external.loaded_network import LoadedNetwork, image_input
from tfdeepsim.saved_model_path import path_without_patterns

RULE = "an external encoder is a SavedModel that TensorFlow can load"
ACCEPTED = "a folder with an `embed` endpoint or the signature serving_default"


def load_saved_model(path: Path) -> LoadedNetwork:
    """Load a SavedModel: its `embed` endpoint if there is one, else its signature
    `serving_default`.

    Args:
        path: The folder.

    Raises:
        InputError: If the folder is damaged, has neither of them, or its model does not take
            images.
    """
    try:
        with path_without_patterns(path) as plain:
            model = tf.saved_model.load(plain)
    # A damaged file can fail in any part of the loader.
    except Exception as error:
        raise InputError(RULE, got=f"{path} ({_line(error)})", accepted=ACCEPTED) from error
    function, traces = _endpoint(path, model)
    trace = min(traces, key=_preference)
    arguments = trace.structured_input_signature
    specs = [leaf for leaf in tf.nest.flatten(arguments) if isinstance(leaf, tf.TensorSpec)]
    spec = image_input(path, specs)

    def call(images: tf.Tensor, output: str) -> tf.Tensor:
        args, kwargs = tf.nest.map_structure(
            lambda leaf: images if isinstance(leaf, tf.TensorSpec) else leaf, arguments
        )
        return _named(function(*args, **kwargs))[output]

    outputs = {name: output.shape for name, output in _named(trace.structured_outputs).items()}
    return LoadedNetwork(spec, outputs, call, model)


def _endpoint(path: Path, model: Any) -> tuple[Callable, list[Any]]:
    traces = getattr(getattr(model, "embed", None), "concrete_functions", None)
    if traces:
        return model.embed, list(traces)
    if "serving_default" in model.signatures:
        signature = model.signatures["serving_default"]
        return signature, [signature]
    named = ", ".join(model.signatures) or "no signature"
    raise InputError(
        "an external SavedModel says what to call", got=f"{named} in {path}", accepted=ACCEPTED
    )


def _preference(trace: Any) -> int:
    """Rank of a trace, the lowest being the best: traces for inference before those for training,
    and of these, bytes before floats, for which a range must be known."""
    leaves = tf.nest.flatten(trace.structured_input_signature)
    specs = [leaf for leaf in leaves if isinstance(leaf, tf.TensorSpec)]
    order = (tf.uint8, tf.float32)
    dtype = specs[0].dtype if specs else None
    return (order.index(dtype) if dtype in order else len(order)) + 10 * leaves.count(True)


def _named(outputs: Any) -> Mapping[str, Any]:
    if isinstance(outputs, Mapping):
        return outputs
    if isinstance(outputs, (list, tuple)):
        return {f"output {number}": output for number, output in enumerate(outputs)}
    return {"output": outputs}


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
