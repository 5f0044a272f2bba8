"""Exemplar-CNN (Dosovitskiy et al. 2015), which is trained on images without labels."""

from tfdeepsim.comparators.chains.architecture import Architecture, Layer
from tfdeepsim.networks.imagenet import IMAGENET_MEAN, IMAGENET_STD

PATCH = 32
"""Side in pixels of the patches that the network is trained on."""

EXEMPLAR_CNN = Architecture(
    name="Exemplar-CNN",
    layers=(
        Layer("conv1", "conv", 64, 5, 1, 2, tensor="conv1"),
        Layer("relu1", "relu", 64),
        Layer("pool1", "pool", 64, 2, 2),
        Layer("conv2", "conv", 128, 5, 1, 2, tensor="conv2"),
        Layer("relu2", "relu", 128),
        Layer("pool2", "pool", 128, 2, 2),
        Layer("conv3", "conv", 256, 5, 1, 2, tensor="conv3"),
        Layer("relu3", "relu", 256),
        Layer("fc4", "dense", 512, tensor="fc4"),
        Layer("relu4", "relu", 512),
    ),
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    bgr=False,
    pooled=PATCH // 4,
    adaptive=False,
)
"""64c5-128c5-256c5-512f; the layer that classifies surrogate classes is removed after training."""
