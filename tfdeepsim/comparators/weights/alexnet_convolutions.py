"""The convolutions of the bundled ImageNet AlexNet, from which the training of a network starts."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.chains.tensor_layout import kernels_from_tensors
from tfdeepsim.comparators.weights.labels_seen import labels_seen
from tfdeepsim.comparators.weights.load import load_weights
from tfdeepsim.comparators.weights.locate import locate_weights

LAST_LAYER = "pool5"
"""Last layer of AlexNet that is taken over; the bundled weights end there too."""


class Convolutions(NamedTuple):
    """Weights of AlexNet's convolutions.

    Attributes:
        kernels: Kernel [height, width, in, out] and bias [out] of each convolution, read-only
            float32, by its name from `conv1` to `conv5`.
        record: Name and digest of the weights, and the dataset whose labels they were trained with,
            for the record of a run.

    Example:
        >>> kernel, bias = alexnet_convolutions().kernels["conv1"]
        >>> kernel.shape
        (11, 11, 3, 64)
    """

    kernels: Mapping[str, tuple[np.ndarray, np.ndarray]]
    record: dict[str, Any]


def alexnet_convolutions() -> Convolutions:
    """Read the convolutions of the bundled AlexNet.

    Raises:
        InputError: If the bundled weights are missing or damaged.
    """
    path = locate_weights("alexnet", None)
    weights = load_weights(str(path), ALEXNET, [LAST_LAYER])
    kernels = kernels_from_tensors(ALEXNET.up_to(LAST_LAYER), weights.tensors)
    record = {"name": "alexnet", "sha256": weights.sha256, "saw_labels": labels_seen(path)}
    return Convolutions(kernels, record)
