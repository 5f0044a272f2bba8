"""An epoch of two steps under each loss, on one device and on two; prints how far the weights
moved, how far both results differ, and the metric of both, whose last batch is smaller."""

import json

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.perceptual.lpips import LPIPS
from tfdeepsim.perceptual.perceptual_loss import PerceptualLoss

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
TARGETS, OUTPUTS = np.random.default_rng(0).random((2, 6, 32, 32, 3), np.float32)


def train(strategy, make):
    keras.utils.set_random_seed(1)
    with strategy.scope():
        x = keras.Input((32, 32, 3))
        model = keras.Model(x, keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x))
        model.compile(keras.optimizers.SGD(0.1), loss=make(), metrics=[make(name="metric")])
    start = model.get_weights()
    batches = tf.data.Dataset.from_tensor_slices((OUTPUTS, TARGETS)).batch(4)
    history = model.fit(batches, verbose=0, shuffle=False).history
    return start, model.get_weights(), history["metric"][0]


def distance(weights, others):
    return max(float(np.abs(a - b).max()) for a, b in zip(weights, others, strict=True))


results = {}
for name, make in {
    "perceptual": lambda **options: PerceptualLoss("random_alexnet:relu1+relu2", **options),
    "spatial": lambda **options: LPIPS(spatial=True, **options),
}.items():
    start, one, metric = train(tf.distribute.get_strategy(), make)
    _, two, other = train(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), make)
    results[name] = {
        "moved": distance(start, one),
        "difference": distance(one, two),
        "metrics": [metric, other],
    }
print(json.dumps(results))
