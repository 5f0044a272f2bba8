"""Weights that an encoder's training starts from: those of the bundled AlexNet."""

from typing import Any

from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.chains.tensor_layout import kernels_from_tensors
from tfdeepsim.comparators.weights.labels_seen import labels_seen
from tfdeepsim.comparators.weights.load import load_weights
from tfdeepsim.comparators.weights.locate import locate_weights
from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder

LAST_LAYER = "pool5"
"""Last layer of AlexNet that the encoder takes over; the bundled weights end there too."""


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
    path = locate_weights("alexnet", None)
    weights = load_weights(str(path), ALEXNET, [LAST_LAYER])
    kernels = kernels_from_tensors(ALEXNET.up_to(LAST_LAYER), weights.tensors)
    for layer, (kernel, bias) in zip(encoder.convolutions, kernels.values(), strict=True):
        layer.kernel.assign(kernel)
        layer.bias.assign(bias)
    return {"name": "alexnet", "sha256": weights.sha256, "saw_labels": labels_seen(path)}
