"""A network from elsewhere as a representation."""

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
from tfdeepsim.files import sha256_of
from tfdeepsim.representations.representation import Encode, EncoderRepresentation, digest, kept_in

AVERAGED = f"{FORMS}, which is averaged over its positions"


class ExternalNetwork(EncoderRepresentation):
    """A network from elsewhere; see `external_representation`.

    Images are resized to the size that the network takes, if it takes only one (bilinear,
    antialiased). A map [h, w, c] that it gives is averaged over its positions.

    Args:
        path: File or folder.
        parent: Where its folder is made.
        load: Reads it.
        input_range: A key of `INPUT_RANGES`.
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
        self.identity = digest(["network", input_range, sha256_of(path)])
        self.folder = kept_in(parent, self.name, self.identity)

    @functools.cached_property
    def network(self) -> LoadedNetwork:
        """The network, loaded when it is first used."""
        return self._load(self.path)

    def check(self, dataset: Dataset) -> None:
        check_images(self.path, self.network.input, dataset.image_shape[2])
        self._output()

    def encoder(self, splits: Splits) -> Encode:
        self.check(splits.dataset)
        network, output = self.network, self._output()

        @tf.function(input_signature=[tf.TensorSpec((None, *splits.dataset.image_shape), tf.uint8)])
        def embed(images: tf.Tensor) -> tf.Tensor:
            return _vectors(network.call(prepare(images, network.input, self._range), output))

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
        except Exception as error:  # whatever a network of elsewhere may do while it is traced
            raise failed(self.path, (None, *splits.dataset.image_shape), error) from error
        return encode

    def _output(self) -> str:
        return choose_output(self.path, self.network.outputs, AVERAGED)


def _vectors(output: Any) -> tf.Tensor:
    output = tf.cast(tf.convert_to_tensor(output), tf.float32)
    if output.shape.rank == 4:
        return tf.reduce_mean(output, [1, 2])
    if output.shape.rank != 2:
        raise InputError(
            "an embedding is a vector or a map an image",
            got=f"shape {shown(output.shape)}",
            accepted=AVERAGED,
        )
    return output
