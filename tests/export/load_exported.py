"""Run with a format and triples of an exported file, an `.npz` of inputs and an `.npz` to write:
loads each file with its own runtime alone, as a user does."""

import sys

import numpy as np

sys.modules["tfdeepsim"] = None  # an import of it would fail


def saved_model(path):
    import keras
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    function = loaded.embed if hasattr(loaded, "embed") else loaded.generate
    layer = keras.layers.TFSMLayer(path, call_endpoint="serving_default")

    def call(**inputs):
        inputs = {name: tf.constant(value) for name, value in inputs.items()}
        result = function(*inputs.values())
        if "images" in inputs:  # the layer takes a single input
            of_layer = layer(inputs["images"])["embedding"]
            np.testing.assert_allclose(of_layer, result, atol=1e-5)
        return result

    return call


def keras_file(path):
    import keras

    model = keras.saving.load_model(path)
    return lambda **inputs: model(inputs if len(inputs) > 1 else next(iter(inputs.values())))


def onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    return lambda **inputs: session.run(None, inputs)[0]


def litert(path):
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(path).get_signature_runner()
    return lambda **inputs: next(iter(run(**inputs).values()))


LOADERS = {"savedmodel": saved_model, "keras": keras_file, "onnx": onnx, "litert": litert}

to, *triples = sys.argv[1:]
for path, inputs_file, outputs_file in zip(*[iter(triples)] * 3, strict=True):
    call = LOADERS[to](path)
    with np.load(inputs_file) as stored:
        inputs = dict(stored)
    counts = [1, 5] if to == "litert" else [1, 5, 0]
    outputs = {
        str(count): np.asarray(call(**{name: value[:count] for name, value in inputs.items()}))
        for count in counts
    }
    np.savez(outputs_file, **outputs)
assert sys.modules["tfdeepsim"] is None
if to in ("onnx", "litert"):
    assert not {"tensorflow", "keras"} & set(sys.modules)
