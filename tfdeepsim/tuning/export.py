"""Export of the best probe as a SavedModel that needs only TensorFlow."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.files import replacing
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.probes.mlp.heads import Head


class ProbeModule(tf.Module):
    """A probe as a function from the embeddings of an encoder to predicted labels.

    Args:
        model: Trained model from standardised embeddings to outputs.
        standardizer: Standardizer of embeddings.
        head: Head that decodes the outputs.
        task: `regression` or `classification`.

    Attributes:
        predict: Function from embeddings, float32 [N, Z], to class ids, int64 [N], or numbers in
            label units, float32 [N, K].

    Example:
        >>> module = ProbeModule(model, problem.standardizer, problem.head, problem.task)
        >>> labels = module.predict(embeddings)
    """

    def __init__(self, model: keras.Model, standardizer: Standardizer, head: Head, task: str):
        super().__init__()
        # Variables would be freed with the loaded model; constants live as long as `predict`.
        weights = [
            [tf.constant(variable.numpy()) for variable in variables]
            for variables in (model.trainable_variables, model.non_trainable_variables)
        ]
        shift, scale = tf.constant(standardizer.mean), tf.constant(standardizer.scale)
        # A head decodes with NumPy, by looking up class ids or by a linear function. Decoded unit
        # vectors give the ids; decoded zeros and ones give the linear function.
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
    """Write a `ProbeModule` as a SavedModel, completely or not at all.

    `tf.saved_model.load(path).predict(embeddings)` works without tfdeepsim. The signature
    `serving_default` returns the same labels as `prediction`.

    Args:
        path: Folder to write or replace.
        model: Trained model from standardised embeddings to outputs.
        standardizer: Standardizer of embeddings.
        head: Head that decodes the outputs.
        task: `regression` or `classification`.
    """
    module = ProbeModule(model, standardizer, head, task)

    @tf.function(input_signature=module.predict.input_signature)
    def serve(embeddings: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"prediction": module.predict(embeddings)}

    with replacing(path) as new:
        tf.saved_model.save(module, str(new), signatures=serve)
