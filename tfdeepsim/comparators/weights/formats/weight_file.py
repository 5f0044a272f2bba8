"""What every reader of a weights file returns."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class WeightFile:
    """The tensors of a network that were read from a file.

    Attributes:
        tensors: Read-only arrays by name, in the dtype of the file. Kernels of convolutions are
            [out, in / groups, height, width]; those of dense layers are [out, in], where a map is
            flattened with its channels first.
        pool_first: Whether the network's LRN layers follow its pooling layers; None if the file
            does not tell.

    Example:
        >>> file = read_weight_file("alexnet.pth", ["features.0.weight"])
        >>> kernel = file.tensors["features.0.weight"]
    """

    tensors: dict[str, np.ndarray]
    pool_first: bool | None = None
