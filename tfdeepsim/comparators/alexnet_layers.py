"""AlexNet in torchvision's shape as plain arithmetic: its layers, and the image size that each needs."""

import dataclasses

from tfdeepsim.errors import InputError

MEAN = (0.485, 0.456, 0.406)
"""Per channel (RGB) mean of ImageNet, for pixels in [0, 1]."""

STD = (0.229, 0.224, 0.225)
"""Per channel (RGB) standard deviation of ImageNet, for pixels in [0, 1]."""

ADAPTIVE_SIZE = 6
"""Side of the map that adaptive average pooling hands to `fc6`, whatever the image size."""


@dataclasses.dataclass(frozen=True)
class LayerShape:
    """One layer of the network.

    Attributes:
        name: E.g. `conv1`.
        kind: `conv`, `relu`, `pool` (maximum) or `dense`.
        channels: Features it gives.
        kernel: Side of the window; 1 where there is none.
        stride: Step of the window.
        padding: Zeros on each side.
        tensor: torchvision's name of the weights, without `.weight` and `.bias`; empty without weights.
    """

    name: str
    kind: str
    channels: int
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    tensor: str = ""

    def size(self, size: int) -> int:
        """Side of the map it gives for a map of side `size`."""
        return (size + 2 * self.padding - self.kernel) // self.stride + 1

    def needed(self, size: int) -> int:
        """Smallest side of a map that gives a map of side `size`."""
        return max(1, (size - 1) * self.stride + self.kernel - 2 * self.padding)


LAYERS = (
    LayerShape("conv1", "conv", 64, 11, 4, 2, "features.0"),
    LayerShape("relu1", "relu", 64),
    LayerShape("pool1", "pool", 64, 3, 2),
    LayerShape("conv2", "conv", 192, 5, 1, 2, "features.3"),
    LayerShape("relu2", "relu", 192),
    LayerShape("pool2", "pool", 192, 3, 2),
    LayerShape("conv3", "conv", 384, 3, 1, 1, "features.6"),
    LayerShape("relu3", "relu", 384),
    LayerShape("conv4", "conv", 256, 3, 1, 1, "features.8"),
    LayerShape("relu4", "relu", 256),
    LayerShape("conv5", "conv", 256, 3, 1, 1, "features.10"),
    LayerShape("relu5", "relu", 256),
    LayerShape("pool5", "pool", 256, 3, 2),
    LayerShape("fc6", "dense", 4096, tensor="classifier.1"),
    LayerShape("relu6", "relu", 4096),
    LayerShape("fc7", "dense", 4096, tensor="classifier.4"),
    LayerShape("relu7", "relu", 4096),
    LayerShape("fc8", "dense", 1000, tensor="classifier.6"),
)
"""In the order in which an image passes them, without dropout, which does nothing in a frozen network."""

LAYER_NAMES = tuple(layer.name for layer in LAYERS)


def layers_to(layer: str) -> tuple[LayerShape, ...]:
    """The layers from the image to `layer`, that one included.

    Raises:
        InputError: If there is no such layer.
    """
    if layer not in LAYER_NAMES:
        raise InputError("AlexNet has no such layer", got=repr(layer), accepted=", ".join(LAYER_NAMES))
    return LAYERS[: LAYER_NAMES.index(layer) + 1]


def minimum_size(layer: str) -> int:
    """Smallest height and width in pixels of an image that reaches `layer`.

    Raises:
        InputError: If there is no such layer.
    """
    size = 1
    for step in reversed(layers_to(layer)):
        size = step.needed(size)
    return size


def feature_shape(layer: str, size: tuple[int, int]) -> tuple[int, ...]:
    """Shape of the features of one image.

    Args:
        layer: One of `LAYER_NAMES`.
        size: Height and width of the image in pixels.

    Returns:
        (height, width, channels), or (channels,) from `fc6` on.

    Raises:
        InputError: If there is no such layer, or the image is too small for it.
    """
    steps = layers_to(layer)
    smallest = minimum_size(layer)
    if min(size) < smallest:
        raise InputError(
            f"images must be large enough for AlexNet's {layer}",
            got=f"{size[0]}x{size[1]} pixels",
            accepted=f"at least {smallest}x{smallest}, or an earlier layer",
        )
    if any(step.kind == "dense" for step in steps):
        return (steps[-1].channels,)
    height, width = size
    for step in steps:
        height, width = step.size(height), step.size(width)
    return height, width, steps[-1].channels


def tensor_shapes(layer: str) -> dict[str, tuple[int, ...]]:
    """Name and shape, as torchvision has them, of each weight tensor up to `layer`.

    Raises:
        InputError: If there is no such layer.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    inputs = len(MEAN)
    for step in layers_to(layer):
        if step.kind == "conv":
            shapes[f"{step.tensor}.weight"] = (step.channels, inputs, step.kernel, step.kernel)
        elif step.kind == "dense":
            area = ADAPTIVE_SIZE**2 if step.name == "fc6" else 1
            shapes[f"{step.tensor}.weight"] = (step.channels, inputs * area)
        if step.tensor:
            shapes[f"{step.tensor}.bias"] = (step.channels,)
        inputs = step.channels
    return shapes
