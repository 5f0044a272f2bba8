"""The layers of Dosovitskiy & Brox in PyTorch, on weights in TensorFlow's layout."""

from collections.abc import Iterator

import numpy as np


def random_weights(network, seed: int = 0) -> None:
    """Assign random values to all weights and biases, of a size that keeps the output moderate."""
    generator = np.random.default_rng(seed)
    for variable in network.weights:
        fan_in = max(1, np.prod(variable.shape[:-1]))
        variable.assign(
            generator.normal(size=variable.shape) * (0.1 if variable.ndim == 1 else fan_in**-0.5)
        )


class TorchLayers:
    """Layers that take the weights of a Keras network one after the other; images are
    [B, C, H, W]."""

    def __init__(self, torch, network):
        self.torch = torch
        self.weights: Iterator = (torch.from_numpy(w) for w in network.get_weights())

    def leaky(self, x):
        return self.torch.nn.functional.leaky_relu(x, 0.3)

    def dense(self, x):
        return x @ next(self.weights) + next(self.weights)

    def valid(self, x, stride=1):
        kernel = next(self.weights).permute(3, 2, 0, 1)
        return self.torch.nn.functional.conv2d(x, kernel, next(self.weights), stride=stride)

    def same(self, x, kernel, stride=1):
        """TensorFlow's padding for sides that the stride divides: the odd row is at the end."""
        total = kernel - stride
        pads = (total // 2, total - total // 2) * 2
        return self.valid(self.torch.nn.functional.pad(x, pads), stride)

    def up(self, x, padding=1):
        """The transposed convolution with the layer's kernel rotated by 180 degrees."""
        kernel = next(self.weights).flip(0, 1).permute(2, 3, 0, 1)
        options = {"stride": 2, "padding": padding}
        return self.torch.nn.functional.conv_transpose2d(x, kernel, next(self.weights), **options)


def channels_first(torch, images: np.ndarray):
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def channels_last(images) -> np.ndarray:
    return images.permute(0, 2, 3, 1).numpy()
