"""A network's weights: read from a file, or drawn from a seed."""

import dataclasses
import hashlib
import math
import os
import re
import types
from collections.abc import Collection, Mapping

import numpy as np

from tfdeepsim.comparators.chains.architecture import Architecture
from tfdeepsim.comparators.chains.caffe_alexnet import ordered
from tfdeepsim.comparators.weights.bundled import check_bundled
from tfdeepsim.comparators.weights.fetch import has_digest
from tfdeepsim.comparators.weights.formats.read import read_weight_file
from tfdeepsim.comparators.weights.read_once import ReadOnce, digest_once
from tfdeepsim.errors import InputError

_FLOATS = ("float32", "float16", "bfloat16", "float64")
# Numbers drawn at a time: few enough to stay in the processor's cache.
_CHUNK = 2**17


@dataclasses.dataclass(frozen=True)
class LoadedWeights:
    """Weights that were read from a file and fit a network.

    Attributes:
        architecture: The network as it is in the file: the side of the map that its dense layers
            read, its number of outputs, and the order of Caffe's pooling and LRN layers.
        tensors: Read-only float32 arrays by name, with shapes as `Architecture.tensor_shapes` says.
        sha256: `digest` of the tensors.

    Example:
        >>> weights = load_weights("alexnet.pth", ALEXNET, ["relu2"])
        >>> kernel = weights.tensors["features.0.weight"]
    """

    architecture: Architecture
    tensors: Mapping[str, np.ndarray]
    sha256: str


_LOADED: ReadOnce[LoadedWeights] = ReadOnce(2)


def load_weights(
    path: str | os.PathLike, network: Architecture, layers: Collection[str]
) -> LoadedWeights:
    """Read the weights of a network up to the deepest of some layers.

    The same weights are read once, as long as the file does not change. A file named
    `alexnet-owt-7be5be79.pth`, as PyTorch publishes it, must have a SHA-256 that starts with the
    digits in its name; a bundled file must have the SHA-256 on its card.

    Args:
        path: A file in any format that `read_weight_file` knows.
        network: The network that the weights belong to.
        layers: Names of layers of the network.

    Raises:
        InputError: If there is no such layer or file, the file is damaged, or it belongs to another
            network.
    """
    names = network.tensor_shapes(*layers)
    _check_published(path)
    check_bundled(path)
    key = (os.fspath(path), network, tuple(layers))
    if (loaded := _LOADED.get(path, *key)) is not None:
        return loaded
    file = read_weight_file(path, names)
    missing = [name for name in names if name not in file.tensors]
    if missing:
        raise InputError(
            f"{path} must hold the weights of {network.name} up to {'+'.join(layers)}",
            got=f"no {', '.join(missing[:4])}{' ...' if missing[4:] else ''}",
            accepted="a whole file of that network, or an earlier layer",
        )
    network = network.fitted({name: value.shape for name, value in file.tensors.items()})
    if file.pool_first is not None:
        network = ordered(network, file.pool_first)
    tensors = {
        name: _checked(path, network, name, file.tensors[name], shape)
        for name, shape in network.tensor_shapes(*layers).items()
    }
    loaded = LoadedWeights(network, types.MappingProxyType(tensors), digest(tensors))
    return _LOADED.put(path, loaded, *key)


def random_weights(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, np.ndarray]:
    """Draw weights from a seed.

    Kernels are uniform within ±sqrt(6 / inputs) (He et al. 2015), so that a layer followed by ReLU
    keeps the mean square of its input; biases are zero. The numbers come from the raw 64-bit stream
    of Philox, which NumPy keeps the same in every version and on every platform. Each tensor has
    its own stream, so the weights of a layer do not depend on how many layers follow it.

    Args:
        shapes: Shape of each tensor by its name, as `Architecture.tensor_shapes` returns them.
        seed: Seed of the weights, 0 or more.

    Returns:
        float32 arrays by name.

    Raises:
        InputError: If the seed is negative.
    """
    if seed < 0:
        raise InputError(
            "the seed of a random comparator must not be negative", got=seed, accepted="0, 1, ..."
        )
    weights = {}
    for index, (name, shape) in enumerate(shapes.items()):
        weights[name] = np.zeros(shape, np.float32)
        if name.endswith(".weight"):
            stream = np.random.Philox(np.random.SeedSequence([seed, index]))
            _fill_uniform(weights[name].reshape(-1), math.sqrt(6 / math.prod(shape[1:])), stream)
    return weights


def _fill_uniform(values: np.ndarray, limit: float, stream: np.random.BitGenerator) -> None:
    """Fill a float32 vector with numbers of 24 random bits in ±`limit`.

    Only the last product rounds, so the numbers are the same on every machine.
    """
    for part in np.split(values, range(_CHUNK, values.size, _CHUNK)):
        halves = stream.random_raw(-(-part.size // 2)).astype("<u8").view("<u4")[: part.size]
        part[:] = (halves >> 8).astype(np.float32)
        part *= np.float32(2**-23)
        part -= np.float32(1)
        part *= np.float32(limit)


def digest(weights: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over name, shape and float32 bytes of each tensor, in order.

    The same weights have the same digest, whatever the format of their file.
    """
    sha256 = hashlib.sha256()
    for name, value in weights.items():
        sha256.update(f"{name} {list(value.shape)}\n".encode())
        sha256.update(np.ascontiguousarray(value, "<f4").data)
    return sha256.hexdigest()


def _check_published(path: str | os.PathLike) -> None:
    match = re.fullmatch(r"alexnet-owt-([0-9a-f]{8})\.pth", os.path.basename(path))
    if match is None or not os.path.isfile(path) or has_digest(path, match[1]):
        return
    raise InputError(
        f"{path} must be the file that PyTorch publishes under this name",
        got=f"SHA-256 {digest_once(path)[:8]}...",
        accepted=f"{match[1]}...; download it again, or rename it if it is meant to differ",
    )


def _checked(
    path: str | os.PathLike,
    network: Architecture,
    name: str,
    value: np.ndarray,
    shape: tuple[int, ...],
) -> np.ndarray:
    if value.shape != shape or value.dtype.name not in _FLOATS:
        raise InputError(
            f"{path} must hold weights of {network.name}",
            got=f"{name} of shape {list(value.shape)}, {value.dtype}",
            accepted=f"{list(shape)}, {', '.join(_FLOATS)}",
        )
    value = np.array(value, np.float32, order="C")
    if not np.isfinite(value).all():
        raise InputError(
            f"weights in {path} must be finite",
            got=f"NaN or infinity in {name}",
            accepted="numbers",
        )
    value.flags.writeable = False
    return value
