"""A frozen chain of layers, with weights from a file or from a seed."""

import os
from collections.abc import Collection, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.architecture import Architecture
from tfdeepsim.comparators.chains.convolution import frozen_convolution
from tfdeepsim.comparators.chains.forward import features
from tfdeepsim.comparators.chains.tensor_layout import kernels_from_tensors
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.comparators.input_scaling import check_input, scaled
from tfdeepsim.comparators.spec import ARCHITECTURES, check_network
from tfdeepsim.comparators.weights.labels_seen import labels_seen
from tfdeepsim.comparators.weights.load import (
    LoadedWeights,
    digest,
    load_weights,
    random_weights,
)
from tfdeepsim.errors import InputError


@keras.saving.register_keras_serializable("tfdeepsim")
class ChainComparator(Comparator):
    """A network of `ARCHITECTURES` as a comparator, built up to the deepest requested layer.

    Pixels are scaled as they were when the network was trained, unless they are `raw`. Dropout does
    nothing in a frozen network and is left out.

    Args:
        network: Name of the network in `ARCHITECTURES`.
        layers: Names of the layers whose features are compared.
        weights_file: A file in any format that `read_weight_file` knows; None for random weights.
        seed: Seed of random weights (`random_weights`); None for weights from a file.
        source: Where the weights come from, in words, for the record; None for the file's path.
        comparator_input: `imagenet`, or `raw` for pixels in [0, 1] without mean and deviation, as
            in the code of Pihlgren et al. 2020.
        **options: Arguments of `Comparator`, and `name` and `dtype` of the Keras layer.

    Raises:
        InputError: If there is no such network or layer; unless exactly one of `weights_file` and
            `seed` is given; if the file is missing, damaged or of another network; if pixels are
            `raw` and the network does not scale them by ImageNet's mean and deviation.

    Example:
        >>> comparator = ChainComparator("alexnet", ["relu2"], seed=0)
        >>> features = comparator(tf.zeros((1, 64, 64, 3)))
    """

    def __init__(
        self,
        network: str,
        layers: Sequence[str],
        *,
        weights_file: str | os.PathLike | None = None,
        seed: int | None = None,
        source: str | None = None,
        comparator_input: str = "imagenet",
        **options: Any,
    ):
        check_network(network)
        check_input(network, comparator_input)
        weights_file = None if weights_file is None else os.fspath(weights_file)
        weights = _weights(ARCHITECTURES[network], layers, weights_file, seed)
        architecture = scaled(weights.architecture, comparator_input)
        super().__init__(
            layers,
            source=source or weights_file or f"random, He uniform, seed {seed}",
            sha256=weights.sha256,
            minimum_size=architecture.minimum_size(*layers),
            saw_labels=labels_seen(weights_file),
            **options,
        )
        self.architecture: Architecture = architecture
        self.network = network
        self.weights_file = weights_file
        self.seed = seed
        self.comparator_input = comparator_input
        kernels = kernels_from_tensors(architecture.up_to(*layers), weights.tensors)
        self._kernels_and_biases = {
            name: (self._constant(f"{name}_kernel", kernel), self._constant(f"{name}_bias", bias))
            for name, (kernel, bias) in kernels.items()
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
        by_layer = self.features_of(images, self.layers)
        return [by_layer[layer] for layer in self.layers]

    def features_of(self, images: tf.Tensor, layers: Collection[str]) -> dict[str, tf.Tensor]:
        """Features at any layers up to the deepest of `self.layers`, by name, as `extract` returns
        them."""
        weights = {
            name: tuple(tf.convert_to_tensor(v) for v in pair)
            for name, pair in self._kernels_and_biases.items()
        }
        return features(
            self.architecture,
            images,
            weights,
            layers,
            convolve=frozen_convolution,
            dtype=tf.as_dtype(self.compute_dtype),
        )

    def constants(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Kernel and bias of each layer up to the deepest, by its name."""
        return {
            name: (kernel.numpy(), bias.numpy())
            for name, (kernel, bias) in self._kernels_and_biases.items()
        }

    def check_size(self, size: tuple[int, int]) -> None:
        self.feature_shapes(size)

    def feature_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        return [self.architecture.feature_shape(layer, size) for layer in self.layers]

    def receptive_fields(self) -> list[tuple[int, int] | None]:
        return [self.architecture.receptive_field(layer) for layer in self.layers]

    def get_config(self) -> dict[str, Any]:
        names = ("network", "weights_file", "seed", "source", "comparator_input")
        return super().get_config() | {name: getattr(self, name) for name in names}


@keras.saving.register_keras_serializable("tfdeepsim")
class Network(ChainComparator):
    """`ChainComparator` in files that earlier versions saved.

    Keras finds a class in a `.keras` file by its registered name, and a layer's weights by the name
    of its class; both were `Network`.
    """


def _weights(
    architecture: Architecture, layers: Sequence[str], path: str | None, seed: int | None
) -> LoadedWeights:
    if path is not None and seed is None:
        return load_weights(path, architecture, layers)
    if seed is not None and path is None:
        tensors = random_weights(architecture.tensor_shapes(*layers), seed)
        return LoadedWeights(architecture, tensors, digest(tensors))
    raise InputError(
        f"{architecture.name} needs a weights file, or a seed for random weights",
        got="neither" if seed is None else "both",
        accepted="one of weights_file and seed",
    )
