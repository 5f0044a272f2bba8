"""Weights of a chain of layers in two layouts: as tensors of files, and as kernels of TensorFlow.

In files (PyTorch's and Caffe's layout), kernels of convolutions are [out, in / groups, height,
width], those of dense layers [out, in], and a map is flattened with its channels first. TensorFlow
takes [height, width, in / groups, out] and [in, out], and flattens with the channels last.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tfdeepsim.comparators.chains.architecture import Layer


def kernels_from_tensors(
    layers: Sequence[Layer], tensors: Mapping[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Kernel and bias of each layer with weights, as `forward.features` takes them.

    Args:
        layers: Layers of a network from its start.
        tensors: Tensors by their name in files, shaped as in files.

    Returns:
        Kernel and bias by the layer's name.
    """
    kernels = {}
    is_flat = False
    channels = 0
    for layer in layers:
        if layer.tensor:
            kernel, bias = tensors[f"{layer.tensor}.weight"], tensors[f"{layer.tensor}.bias"]
            if layer.kind == "conv":
                kernel = kernel.transpose(2, 3, 1, 0)
            elif is_flat:
                kernel = kernel.T
            else:
                side = round((kernel.shape[1] / channels) ** 0.5)
                kernel = kernel.reshape(layer.channels, channels, side, side).transpose(2, 3, 1, 0)
                kernel = kernel.reshape(-1, layer.channels)
                is_flat = True
            kernels[layer.name] = kernel, bias
        channels = layer.channels
    return kernels


def tensors_from_kernels(
    layers: Sequence[Layer], kernels: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Tensors as files have them: the inverse of `kernels_from_tensors`.

    Args:
        layers: Layers of a network from its start.
        kernels: Kernel and bias by the layer's name.

    Returns:
        Tensors by their name in files, shaped as in files.
    """
    tensors = {}
    is_flat = False
    channels = 0
    for layer in layers:
        if layer.tensor:
            kernel, bias = kernels[layer.name]
            if layer.kind == "conv":
                kernel = kernel.transpose(3, 2, 0, 1)
            elif is_flat:
                kernel = kernel.T
            else:
                side = round((kernel.shape[0] / channels) ** 0.5)
                kernel = kernel.reshape(side, side, channels, layer.channels).transpose(3, 2, 0, 1)
                kernel = kernel.reshape(layer.channels, -1)
                is_flat = True
            tensors[f"{layer.tensor}.weight"] = np.ascontiguousarray(kernel)
            tensors[f"{layer.tensor}.bias"] = bias
        channels = layer.channels
    return tensors
