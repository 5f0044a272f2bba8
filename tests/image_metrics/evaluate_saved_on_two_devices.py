"""Evaluates the compiled model of a folder on two devices, in a process that knows nothing but the
files; prints what Keras does.

    python evaluate_saved_on_two_devices.py FOLDER
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import tfdeepsim.saving  # noqa: F401

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
folder = Path(sys.argv[1])
with np.load(folder / "images.npz") as images:
    pairs = tf.data.Dataset.from_tensor_slices((images["outputs"], images["targets"]))
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = keras.saving.load_model(folder / "model.keras")
print(json.dumps(model.evaluate(pairs.batch(10), verbose=0, return_dict=True)))
