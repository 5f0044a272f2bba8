"""AlexNet as Caffe has it (Krizhevsky et al. 2012), and VideoNet, which has its layers."""

import dataclasses
import itertools

from tfdeepsim.comparators.chains.architecture import Architecture, Layer

CAFFE_ALEXNET = Architecture(
    name="Caffe's AlexNet",
    layers=(
        Layer("conv1", "conv", 96, 11, 4, tensor="conv1"),
        Layer("relu1", "relu", 96),
        Layer("norm1", "lrn", 96, 5),
        Layer("pool1", "pool", 96, 3, 2, ceil=True),
        Layer("conv2", "conv", 256, 5, 1, 2, groups=2, tensor="conv2"),
        Layer("relu2", "relu", 256),
        Layer("norm2", "lrn", 256, 5),
        Layer("pool2", "pool", 256, 3, 2, ceil=True),
        Layer("conv3", "conv", 384, 3, 1, 1, tensor="conv3"),
        Layer("relu3", "relu", 384),
        Layer("conv4", "conv", 384, 3, 1, 1, groups=2, tensor="conv4"),
        Layer("relu4", "relu", 384),
        Layer("conv5", "conv", 256, 3, 1, 1, groups=2, tensor="conv5"),
        Layer("relu5", "relu", 256),
        Layer("pool5", "pool", 256, 3, 2, ceil=True),
        Layer("fc6", "dense", 4096, tensor="fc6"),
        Layer("relu6", "relu", 4096),
        Layer("fc7", "dense", 4096, tensor="fc7"),
        Layer("relu7", "relu", 4096),
        Layer("fc8", "dense", 1000, tensor="fc8"),
        Layer("prob", "softmax", 1000),
    ),
    # The mean pixel of ILSVRC 2012, for pixels in 0 to 255.
    mean=(122.6789143 / 255, 116.6687677 / 255, 104.0069879 / 255),
    std=(1 / 255, 1 / 255, 1 / 255),
    bgr=True,
    pooled=6,
    adaptive=False,
)
"""`bvlc_alexnet`: each LRN stands before its pool."""


def ordered(network: Architecture, pool_first: bool) -> Architecture:
    """Put the LRN layers of a network after or before their pooling layers.

    Args:
        network: The network.
        pool_first: True for each LRN after its pool, as in CaffeNet; False for before it, as in
            `bvlc_alexnet`.
    """
    kinds = ["lrn", "pool"] if pool_first else ["pool", "lrn"]
    layers = list(network.layers)
    for index, pair in enumerate(itertools.pairwise(network.layers)):
        if [step.kind for step in pair] == kinds:
            layers[index : index + 2] = reversed(pair)
    return dataclasses.replace(network, layers=tuple(layers))


VIDEONET = ordered(CAFFE_ALEXNET, pool_first=True)
VIDEONET = dataclasses.replace(
    VIDEONET,
    name="VideoNet",
    layers=tuple(
        dataclasses.replace(step, channels=1024) if step.name == "fc7" else step
        for step in VIDEONET.layers[: VIDEONET.layer_names.index("fc7") + 1]
    ),
)
"""The network of Wang & Gupta 2015: dense layers of 4096 and 1024 features follow pool5, and
distances between images are taken in the last."""
