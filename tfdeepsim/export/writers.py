"""One function for each format of exported files."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.export.card import NAME, add_to_zip, text_of
from tfdeepsim.export.saved_model import save_encoder, save_generator
from tfdeepsim.networks.inversion_generator import InversionGenerator

Card = dict[str, Any]


def write_saved_model(network: keras.Model, card: Card, path: Path) -> None:
    """Write a SavedModel with the card in its folder `assets.extra`.

    Args:
        network: A generator of an inversion; or what `EncoderModule` takes.
        card: The card.
        path: The folder.
    """
    if isinstance(network, InversionGenerator):
        save_generator(network, path)
    else:
        save_encoder(network, network.input_shape[1:], path)
    extra = path / "assets.extra"
    extra.mkdir()
    (extra / NAME).write_text(text_of(card))


def write_keras(model: keras.Model, output: str, card: Card, path: Path) -> None:
    """Write a `.keras` file with the card as a member of its zip archive.

    Args:
        model: A functional model of stock layers, with named inputs and one output.
        output: Name of the output; a `.keras` file has none.
        card: The card.
        path: The file; its name ends in `.keras`.
    """
    model.save(path)
    add_to_zip(card, path)


def write_onnx(model: keras.Model, output: str, card: Card, path: Path) -> None:
    """Write an `.onnx` file with the card as the property `card` of its metadata.

    Args:
        model, card: As `write_keras` takes them.
        output: Name of the output.
        path: The file.
    """
    import onnx
    import tf2onnx

    specs = [tf.TensorSpec((None, *x.shape[1:]), x.dtype, x.name) for x in model.inputs]

    @tf.function(input_signature=specs)
    def named(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {output: model(_as_called(model, inputs), training=False)}

    # Its notes on the optimizer are not for users.
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    proto, _ = tf2onnx.convert.from_function(named, specs)
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.helper.set_model_props(proto, {"card": text_of(card)})
    onnx.save_model(proto, path)


def _as_called(model: keras.Model, inputs: tuple[tf.Tensor, ...]) -> Any:
    """Inputs in the form in which the model takes them: by name if there are several."""
    if len(inputs) == 1:
        return inputs[0]
    return {tensor.name: value for tensor, value in zip(model.inputs, inputs, strict=True)}


def write_litert(model: keras.Model, output: str, card: Card, path: Path) -> None:
    """Write a `.tflite` file with the card in a zip archive at its end.

    Args:
        model, output, card: As `write_onnx` takes them.
        path: The file; its name ends in `.tflite`.
    """
    named = keras.Model(model.input, {output: model.output})
    # No operations of TensorFlow, which the runtime does not have.
    builtins = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    named.export(path, format="litert", verbose=False, target_spec=builtins)
    add_to_zip(card, path)


WRITERS: dict[str, Callable[[keras.Model, str, Card, Path], None]] = {
    "keras": write_keras,
    "onnx": write_onnx,
    "litert": write_litert,
}
"""Writers of single files by format."""
