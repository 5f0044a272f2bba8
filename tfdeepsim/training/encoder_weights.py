"""Weights that an encoder's training starts from: those of the bundled AlexNet."""

from typing import Any

from tfdeepsim.comparators.weights.alexnet_convolutions import alexnet_convolutions
from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder


def load_alexnet(encoder: AlexNetEncoder) -> dict[str, Any]:
    """Assign the convolutions of the bundled ImageNet AlexNet to an encoder.

    The layers after `pool5` keep their random weights. All weights remain trainable, as in
    Dosovitskiy & Brox 2016, Sec. 4.2, where the encoder is fine-tuned.

    Args:
        encoder: An encoder of width 1, built with `as_trained`.

    Returns:
        Name and digest of the weights, and the dataset whose labels they were trained with, for the
        record of the run.

    Raises:
        InputError: If the bundled weights are missing or damaged.
    """
    kernels, record = alexnet_convolutions()
    for layer, (kernel, bias) in zip(encoder.convolutions, kernels.values(), strict=True):
        layer.kernel.assign(kernel)
        layer.bias.assign(bias)
    return record
