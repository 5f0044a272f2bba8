"""The description of a feed-forward network: its layers, its input scaling, and the shapes of
features and weights that follow from them."""

import dataclasses
import math
from collections.abc import Mapping

from tfdeepsim.errors import InputError


@dataclasses.dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Attributes:
        name: Name of the layer, e.g. `conv1`.
        kind: `conv`, `relu`, `pool` (maximum), `lrn` (local response normalization), `dense` or
            `softmax`.
        channels: Number of features in its output.
        kernel: Side of the window, in positions; 1 for layers without one. For an `lrn`, the number
            of channels in its window.
        stride: Step of the window, in positions.
        padding: Zeros added on each side of the map, in positions.
        groups: Number of groups of a convolution: each sees its own part of the channels.
        ceil: Whether a pool has a last window that reaches beyond the edge, as in Caffe.
        tensor: Name of its weights in files, without `.weight` and `.bias`; empty for layers
            without weights.

    Example:
        >>> Layer("conv1", "conv", 64, kernel=11, stride=4, padding=2).size(64)
        15
    """

    name: str
    kind: str
    channels: int
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    groups: int = 1
    ceil: bool = False
    tensor: str = ""

    @property
    def window(self) -> int:
        """Side of the part of the input map that one output position sees."""
        return self.kernel if self.kind in ("conv", "pool") else 1

    def size(self, size: int) -> int:
        """Side of the output map for an input map of side `size`."""
        beyond = size + 2 * self.padding - self.window
        return (-(-beyond // self.stride) if self.ceil else beyond // self.stride) + 1

    def needed(self, size: int) -> int:
        """Smallest side of an input map that leads to an output map of side `size`."""
        short = self.stride - 1 if self.ceil else 0
        return max(1, (size - 1) * self.stride + self.window - 2 * self.padding - short)


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A network that is a chain of layers, with its input scaling.

    Attributes:
        name: Name of the network in messages.
        layers: Layers in the order in which an image passes them, without dropout.
        mean: Mean of each channel (RGB), subtracted from pixels in [0, 1].
        std: Standard deviation of each channel (RGB), by which they are divided then.
        bgr: Whether the first kernel in files takes the channels as blue, green, red.
        pooled: Side of the map that the first dense layer takes.
        adaptive: Whether a map of any side is averaged to that side, as in torchvision; otherwise
            only images whose map has that side reach the dense layers.

    Example:
        >>> ALEXNET.feature_shape("relu2", (64, 64))
        (7, 7, 192)
    """

    name: str
    layers: tuple[Layer, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    bgr: bool
    pooled: int
    adaptive: bool

    @property
    def layer_names(self) -> tuple[str, ...]:
        return tuple(layer.name for layer in self.layers)

    def up_to(self, *names: str) -> tuple[Layer, ...]:
        """The layers from the image to the deepest of some layers, that one included.

        Args:
            names: Names of layers.

        Raises:
            InputError: If there is no such layer.
        """
        for name in names:
            if name not in self.layer_names:
                raise InputError(
                    f"{self.name} has no such layer",
                    got=repr(name),
                    accepted=", ".join(self.layer_names),
                )
        return self.layers[: max(self.layer_names.index(name) for name in names) + 1]

    def minimum_size(self, *names: str) -> int:
        """Smallest height and width in pixels of an image that reaches the deepest of some layers.

        Args:
            names: Names of layers.

        Raises:
            InputError: If there is no such layer.
        """
        steps = self.up_to(*names)
        dense = next((index for index, step in enumerate(steps) if step.kind == "dense"), None)
        size = 1 if dense is None or self.adaptive else self.pooled
        for step in reversed(steps[:dense]):
            size = step.needed(size)
        return size

    def feature_shape(self, name: str, size: tuple[int, int]) -> tuple[int, ...]:
        """Shape of one image's features at a layer.

        Args:
            name: Name of the layer.
            size: Height and width of the image in pixels.

        Returns:
            (height, width, channels), or (channels,) from the first dense layer on.

        Raises:
            InputError: If there is no such layer, or images of that size do not reach it.
        """
        steps = self.up_to(name)
        smallest = self.minimum_size(name)
        if min(size) < smallest:
            raise InputError(
                f"images must be large enough for {self.name}'s {name}",
                got=f"{size[0]}x{size[1]} pixels",
                accepted=f"at least {smallest}x{smallest}, or an earlier layer",
            )
        sides = list(size)
        for step in steps:
            if step.kind == "dense":
                self._check_pooled(name, size, sides)
                return (steps[-1].channels,)
            sides = [step.size(side) for side in sides]
        return (*sides, steps[-1].channels)

    def _check_pooled(self, name: str, size: tuple[int, int], sides: list[int]) -> None:
        if not self.adaptive and sides != [self.pooled] * 2:
            smallest = largest = self.minimum_size(name)
            while self._map_side(largest + 1) == self.pooled:
                largest += 1
            raise InputError(
                f"{self.name}'s {name} takes images of one size",
                got=f"{size[0]}x{size[1]} pixels",
                accepted=f"{smallest}x{smallest} to {largest}x{largest}, or a layer before its "
                "dense ones",
            )

    def _map_side(self, size: int) -> int:
        for step in self.layers:
            if step.kind == "dense":
                break
            size = step.size(size)
        return size

    def receptive_field(self, name: str) -> tuple[int, int] | None:
        """Receptive field of the features at a layer.

        Args:
            name: Name of the layer.

        Returns:
            Side of the field in pixels, and the pixels between the fields of neighbouring features;
            None if a feature sees the whole image.

        Raises:
            InputError: If there is no such layer.
        """
        field = step_size = 1
        for step in self.up_to(name):
            if step.kind == "dense":
                return None
            field += (step.window - 1) * step_size
            step_size *= step.stride
        return field, step_size

    def tensor_shapes(self, *names: str) -> dict[str, tuple[int, ...]]:
        """Name and shape of each weight tensor up to the deepest of some layers.

        Kernels of convolutions are [out, in / groups, height, width] and those of dense layers
        [out, in], where a map is flattened with its channels first, as in PyTorch and Caffe.

        Args:
            names: Names of layers.

        Raises:
            InputError: If there is no such layer.
        """
        shapes: dict[str, tuple[int, ...]] = {}
        inputs, flat = 3, False
        for step in self.up_to(*names):
            if step.kind == "conv":
                kernel = (step.channels, inputs // step.groups, step.kernel, step.kernel)
                shapes[f"{step.tensor}.weight"] = kernel
            elif step.kind == "dense":
                shapes[f"{step.tensor}.weight"] = (
                    step.channels,
                    inputs * (1 if flat else self.pooled**2),
                )
                flat = True
            if step.tensor:
                shapes[f"{step.tensor}.bias"] = (step.channels,)
            inputs = step.channels
        return shapes

    def fitted(self, shapes: Mapping[str, tuple[int, ...]]) -> "Architecture":
        """This network with the map size and the number of outputs that weights in a file have.

        The dense layers of a network that was trained on small images take a smaller map, and one
        that was trained on other classes has another number of outputs. Whether all other shapes
        are those of this network is not checked here.

        Args:
            shapes: Shapes of tensors by name; tensors that are absent change nothing.
        """
        dense = [step for step in self.layers if step.kind == "dense"]
        network = self
        if dense and len(shape := shapes.get(f"{dense[0].tensor}.weight", ())) == 2:
            channels = self.layers[self.layers.index(dense[0]) - 1].channels
            side = math.isqrt(shape[1] // channels)
            if side and shape[1] == channels * side**2:
                network = dataclasses.replace(network, pooled=side)
        if dense and len(shape := shapes.get(f"{dense[-1].tensor}.weight", ())) == 2 and shape[0]:
            network = network.with_outputs(shape[0])
        return network

    def with_outputs(self, count: int) -> "Architecture":
        """This network with `count` outputs of its last dense layer."""
        last = max(index for index, step in enumerate(self.layers) if step.kind == "dense")
        layers = tuple(
            dataclasses.replace(step, channels=count) if index >= last else step
            for index, step in enumerate(self.layers)
        )
        return dataclasses.replace(self, layers=layers)
