"""AlexNet as torchvision has it (Krizhevsky 2014)."""

from tfdeepsim.comparators.chains.architecture import Architecture, Layer
from tfdeepsim.networks.imagenet import IMAGENET_MEAN, IMAGENET_STD

ALEXNET = Architecture(
    name="AlexNet",
    layers=(
        Layer("conv1", "conv", 64, 11, 4, 2, tensor="features.0"),
        Layer("relu1", "relu", 64),
        Layer("pool1", "pool", 64, 3, 2),
        Layer("conv2", "conv", 192, 5, 1, 2, tensor="features.3"),
        Layer("relu2", "relu", 192),
        Layer("pool2", "pool", 192, 3, 2),
        Layer("conv3", "conv", 384, 3, 1, 1, tensor="features.6"),
        Layer("relu3", "relu", 384),
        Layer("conv4", "conv", 256, 3, 1, 1, tensor="features.8"),
        Layer("relu4", "relu", 256),
        Layer("conv5", "conv", 256, 3, 1, 1, tensor="features.10"),
        Layer("relu5", "relu", 256),
        Layer("pool5", "pool", 256, 3, 2),
        Layer("fc6", "dense", 4096, tensor="classifier.1"),
        Layer("relu6", "relu", 4096),
        Layer("fc7", "dense", 4096, tensor="classifier.4"),
        Layer("relu7", "relu", 4096),
        Layer("fc8", "dense", 1000, tensor="classifier.6"),
        Layer("prob", "softmax", 1000),
    ),
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    bgr=False,
    pooled=6,
    adaptive=True,
)
