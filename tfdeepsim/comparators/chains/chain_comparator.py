"""A frozen chain of layers, with weights from a file or from a seed."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.architecture import Architecture, Layer
from tfdeepsim.comparators.chains.convolution import frozen_convolution
from tfdeepsim.comparators.chains.forward import features
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.comparators.spec import ARCHITECTURES, check_network
from tfdeepsim.comparators.weights.load import digest, load_weights, random_weights
from tfdeepsim.errors import InputError


@keras.saving.register_keras_serializable("tfdeepsim")
class ChainComparator(Comparator):
    """A network of `ARCHITECTURES`, built up to the deepest of the layers that are asked for.

    Pixels are scaled as the network was trained. Dropout does nothing in a frozen network and is
    left out.

    Args:
        network: A name in `ARCHITECTURES`.
        layers: Names of its layers.
        weights_file: A file in any format that `read_weight_file` knows.
        seed: Draws random weights instead (`random_weights`).
        source: Where the weights come from, in words; None for the file's name.
        **options: Those of every comparator, and `name` and `dtype` of the Keras layer.

    Raises:
        InputError: If there is no such network or layer; unless exactly one of `weights_file` and
            `seed` is given; if the file is missing, damaged or of another network.
    """

    def __init__(
        self,
        network: str,
        layers: Sequence[str],
        *,
        weights_file: str | os.PathLike | None = None,
        seed: int | None = None,
        source: str | None = None,
        **options: Any,
    ):
        check_network(network)
        architecture = ARCHITECTURES[network]
        if weights_file is not None and seed is None:
            weights_file = os.fspath(weights_file)
            architecture, weights = load_weights(weights_file, architecture, layers)
            source = source or weights_file
        elif seed is not None and weights_file is None:
            weights = random_weights(architecture.tensor_shapes(*layers), seed)
            source = f"random, He uniform, seed {seed}"
        else:
            raise InputError(
                f"{architecture.name} needs a weights file, or a seed for random weights",
                got="neither" if seed is None else "both",
                accepted="one of weights_file and seed",
            )
        super().__init__(
            layers,
            source=source,
            sha256=digest(weights),
            minimum_size=architecture.minimum_size(*layers),
            **options,
        )
        self.architecture: Architecture = architecture
        self.network = network
        self.weights_file = weights_file
        self.seed = seed
        self._kernels_and_biases = {
            step.name: (
                self._constant(f"{step.name}_kernel", kernel),
                self._constant(f"{step.name}_bias", bias),
            )
            for step, (kernel, bias) in arranged(architecture.up_to(*layers), weights).items()
        }
        self.built = True

    def _constant(self, name: str, value: np.ndarray) -> keras.Variable:
        value = np.ascontiguousarray(value)
        return self.add_weight(
            shape=value.shape,
            initializer=lambda shape, dtype: tf.cast(value, dtype),
            trainable=False,
            name=name,
        )

    def extract(self, images: tf.Tensor) -> list[tf.Tensor]:
        weights = {
            name: tuple(tf.convert_to_tensor(v) for v in pair)
            for name, pair in self._kernels_and_biases.items()
        }
        found = features(
            self.architecture,
            images,
            weights,
            self.layers,
            convolve=frozen_convolution,
            dtype=tf.as_dtype(self.compute_dtype),
        )
        return [found[layer] for layer in self.layers]

    def check_size(self, size: tuple[int, int]) -> None:
        self.feature_shapes(size)

    def feature_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        return [self.architecture.feature_shape(layer, size) for layer in self.layers]

    def receptive_fields(self) -> list[tuple[int, int] | None]:
        return [self.architecture.receptive_field(layer) for layer in self.layers]

    def get_config(self) -> dict[str, Any]:
        names = ("network", "weights_file", "seed", "source")
        return super().get_config() | {name: getattr(self, name) for name in names}


def arranged(
    steps: Sequence[Layer], weights: Mapping[str, np.ndarray]
) -> dict[Layer, tuple[np.ndarray, np.ndarray]]:
    """Kernels and biases by layer, as `forward.features` takes them, of tensors as files have
    them."""
    found = {}
    flat = False
    channels = 0
    for step in steps:
        if step.tensor:
            kernel, bias = weights[f"{step.tensor}.weight"], weights[f"{step.tensor}.bias"]
            if step.kind == "conv":
                kernel = kernel.transpose(2, 3, 1, 0)
            elif flat:
                kernel = kernel.T
            else:
                # In files a map is flattened with its channels first; here they come last.
                side = round((kernel.shape[1] / channels) ** 0.5)
                kernel = kernel.reshape(step.channels, channels, side, side).transpose(2, 3, 1, 0)
                kernel = kernel.reshape(-1, step.channels)
                flat = True
            found[step] = kernel, bias
        channels = step.channels
    return found


def as_in_files(
    steps: Sequence[Layer], weights: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Tensors as files have them, of kernels and biases by layer's name: the inverse of
    `arranged`."""
    found = {}
    flat = False
    channels = 0
    for step in steps:
        if step.tensor:
            kernel, bias = weights[step.name]
            if step.kind == "conv":
                kernel = kernel.transpose(3, 2, 0, 1)
            elif flat:
                kernel = kernel.T
            else:
                side = round((kernel.shape[0] / channels) ** 0.5)
                kernel = kernel.reshape(side, side, channels, step.channels).transpose(3, 2, 0, 1)
                kernel = kernel.reshape(step.channels, -1)
                flat = True
            found[f"{step.tensor}.weight"] = np.ascontiguousarray(kernel)
            found[f"{step.tensor}.bias"] = bias
        channels = step.channels
    return found
