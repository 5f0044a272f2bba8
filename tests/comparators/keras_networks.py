"""Networks of keras.applications with random weights, and their files."""

import h5py
import keras
import numpy as np
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group


def shaken(network):
    """Change the batch statistics of a new network, so that a test notices if they are not used."""
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization | keras.layers.Normalization):
            for variable in layer.weights:
                variable.assign(1 + rng.random(variable.shape) / 2)
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
    return network


def published(network, path):
    """Write weights in the format of the published files of keras.applications."""
    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, network)
    return path
