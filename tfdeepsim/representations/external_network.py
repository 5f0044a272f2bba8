"""An external network as a representation."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.errors import InputError
from tfdeepsim.external import INPUT_RANGES
from tfdeepsim.external.loaded_network import (
    FORMS,
    LoadedNetwork,
    check_count,
    check_images,
    choose_output,
    failed,
    prepare,
    shown,
)
from tfdeepsim.files import sha256_of, sha256_of_json
from tfdeepsim.representations.representation import (
    Encode,
    EncoderRepresentation,
    representation_folder,
)

AVERAGED = f"{FORMS}, which is averaged over its positions"


class ExternalNetwork(EncoderRepresentation):
    """An external network; see `external_representation` for the files that are accepted.

    Images are resized to the input size of the network if that is fixed (bilinear, antialiased). An
    output that is a map [h, w, c] is averaged over its positions.

    Args:
        path: File or folder of the network.
        parent: Folder in which a folder for embeddings and results is created.
        load: Function that reads the network.
        input_range: A key of `INPUT_RANGES`: range of the floats that the network takes.

    Example:
        >>> network = ExternalNetwork(Path("net.keras"), Path("runs"), load_keras_file, "0-1")
        >>> embeddings = embeddings_of(network, "stl10", splits, ["test"])
    """

    model = "external"

    def __init__(
        self, path: Path, parent: Path, load: Callable[[Path], LoadedNetwork], input_range: str
    ):
        self.path = path
        self.name = path.resolve().name
        self._load = load
        self._range = INPUT_RANGES[input_range]
        self.settings = {
            "form": load.__name__.removeprefix("load_"),
            "path": str(path),
            "input_range": input_range,
            "resize": "bilinear, antialiased",
            "maps": "averaged over positions",
        }
        self.identity = sha256_of_json(["network", input_range, sha256_of(path)])
        self.folder = representation_folder(parent, self.name, self.identity)

    @functools.cached_property
    def network(self) -> LoadedNetwork:
        """The network, loaded at its first use."""
        return self._load(self.path)

    def check(self, dataset: Dataset) -> None:
        check_images(self.path, self.network.input, dataset.image_shape[2])
        self._output()

    def encoder(self, splits: Splits) -> Encode:
        self.check(splits.dataset)
        network, output = self.network, self._output()

        @tf.function(input_signature=[tf.TensorSpec((None, *splits.dataset.image_shape), tf.uint8)])
        def embed(images: tf.Tensor) -> tf.Tensor:
            return vectors(network.call(prepare(images, network.input, self._range), output))

        def encode(images: np.ndarray) -> np.ndarray:
            try:
                embeddings = embed(tf.constant(images)).numpy()
            except tf.errors.OpError as error:
                raise failed(self.path, images.shape, error) from error
            check_count(self.path, len(embeddings), len(images))
            return embeddings

        try:
            embed.get_concrete_function()
        except InputError:
            raise
        except Exception as error:  # an external network may raise anything while it is traced
            raise failed(self.path, (None, *splits.dataset.image_shape), error) from error
        return encode

    def _output(self) -> str:
        return choose_output(self.path, self.network.outputs, AVERAGED)


def vectors(output: Any) -> tf.Tensor:
    """The output as float32 [B, Z]."""
    output = tf.cast(tf.convert_to_tensor(output), tf.float32)
    if output.shape.rank == 4:
        return tf.reduce_mean(output, [1, 2])
    if output.shape.rank != 2:
        raise InputError(
            "an embedding is a vector or a map per image",
            got=f"shape {shown(output.shape)}",
            accepted=AVERAGED,
        )
    return output
