"""A feed-forward network as plain arithmetic: its layers, its input, and what each layer needs and
gives."""

import dataclasses
import math
from collections.abc import Mapping

from tfdeepsim.errors import InputError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Per channel (RGB) mean of ImageNet, for pixels in [0, 1]."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Per channel (RGB) standard deviation of ImageNet, for pixels in [0, 1]."""


@dataclasses.dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Attributes:
        name: E.g. `conv1`.
        kind: `conv`, `relu`, `pool` (maximum), `lrn` (local response normalization) or `dense`.
        channels: Features it gives.
        kernel: Side of the window; 1 where there is none. Of an `lrn`, channels in its window.
        stride: Step of the window.
        padding: Zeros on each side.
        groups: Of a convolution: parts of the channels that do not see each other.
        ceil: Of a pool: whether a last window that reaches over the edge counts, as in Caffe.
        tensor: Name of its weights in files, without `.weight` and `.bias`; empty without weights.
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
        """Side of the part of a map that one output sees."""
        return self.kernel if self.kind in ("conv", "pool") else 1

    def size(self, size: int) -> int:
        """Side of the map it gives for a map of side `size`."""
        beyond = size + 2 * self.padding - self.window
        return (-(-beyond // self.stride) if self.ceil else beyond // self.stride) + 1

    def needed(self, size: int) -> int:
        """Smallest side of a map that gives a map of side `size`."""
        short = self.stride - 1 if self.ceil else 0
        return max(1, (size - 1) * self.stride + self.window - 2 * self.padding - short)


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A network that is a chain of layers, with its input scaling and its dense layers' input.

    Attributes:
        name: As users call it.
        layers: In the order in which an image passes them, without dropout.
        mean: Is subtracted from pixels in [0, 1], per channel (RGB).
        std: Divides them then.
        bgr: Whether the first kernel of files takes blue, green, red.
        pooled: Side of the map that the first dense layer reads.
        adaptive: Whether any map is brought to that side by averaging, as torchvision does; else
            only images whose map has that side reach the dense layers.
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
        """The layers from the image to the deepest of `names`, that one included.

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
        """Smallest height and width in pixels of an image that reaches the deepest of `names`.

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
        """Shape of the features of one image.

        Args:
            name: Of a layer.
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
                accepted=f"{smallest}x{smallest} to {largest}x{largest}, or a layer before its dense ones",
            )

    def _map_side(self, size: int) -> int:
        for step in self.layers:
            if step.kind == "dense":
                break
            size = step.size(size)
        return size

    def receptive_field(self, name: str) -> tuple[int, int] | None:
        """Side in pixels of what one feature sees, and the pixels between neighbours; None for all
        of it.

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
        """Name and shape of each weight tensor up to the deepest of `names`.

        Convolution kernels are [out, in / groups, height, width], dense ones [out, in], where a map
        is flattened with its channels first: the order of PyTorch and Caffe.

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

        A network that was trained on small images reads a smaller map, and one that was trained on
        other classes ends in another number of them. All else must be as it is, which the caller
        checks.

        Args:
            shapes: By tensor; those that are absent change nothing.
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
        """This network with another number of outputs of its last dense layer."""
        last = max(index for index, step in enumerate(self.layers) if step.kind == "dense")
        layers = tuple(
            dataclasses.replace(step, channels=count) if index >= last else step
            for index, step in enumerate(self.layers)
        )
        return dataclasses.replace(self, layers=layers)
