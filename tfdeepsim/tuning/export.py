"""The best probe as a SavedModel that needs nothing but TensorFlow."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.files import replacing
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.probes.mlp.heads import Head


class ProbeModule(tf.Module):
    """What is saved: `predict`, from raw embeddings to labels.

    `predict` takes float32 embeddings [N, Z], as an encoder gives them, and returns int64 class ids
    [N], or float32 positions [N, K] in label units.

    Args:
        model: From standardised embeddings to outputs.
        standardizer: Of embeddings.
        head: Reads the outputs.
        task: `regression` or `classification`.
    """

    def __init__(self, model: keras.Model, standardizer: Standardizer, head: Head, task: str):
        super().__init__()
        # As constants, the weights live as long as `predict` does, whoever holds the loaded model.
        weights = [
            [tf.constant(variable.numpy()) for variable in variables]
            for variables in (model.trainable_variables, model.non_trainable_variables)
        ]
        shift, scale = tf.constant(standardizer.mean), tf.constant(standardizer.scale)
        # A head looks classes up, or shifts and scales; what it makes of simple outputs tells which
        # and how.
        classes = head.decode(np.eye(head.outputs))
        zero, one = head.decode(np.zeros(head.outputs)), head.decode(np.ones(head.outputs))

        def predict(embeddings: tf.Tensor) -> tf.Tensor:
            x = tf.cast((tf.cast(embeddings, tf.float64) - shift) / scale, tf.float32)
            outputs, _ = model.stateless_call(*weights, x, training=False)
            if task == "classification":
                return tf.gather(classes, tf.argmax(outputs, axis=-1))
            return tf.cast(tf.cast(outputs, tf.float64) * (one - zero) + zero, tf.float32)

        spec = tf.TensorSpec((None, model.inputs[0].shape[-1]), tf.float32, "embeddings")
        self.predict = tf.function(predict, input_signature=[spec])


def export_probe(
    path: Path, model: keras.Model, standardizer: Standardizer, head: Head, task: str
) -> None:
    """Write `ProbeModule` as a SavedModel, whole or not at all.

    `tf.saved_model.load(path).predict(embeddings)` works without tfdeepsim. The signature
    `serving_default` gives `prediction`.
    """
    module = ProbeModule(model, standardizer, head, task)

    @tf.function(input_signature=module.predict.input_signature)
    def serve(embeddings: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"prediction": module.predict(embeddings)}

    with replacing(path) as new:
        tf.saved_model.save(module, str(new), signatures=serve)
