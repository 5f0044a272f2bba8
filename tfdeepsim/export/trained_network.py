"""What a run trained, as a network that other programs can have."""

from pathlib import Path
from typing import Any

import keras

from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.comparators.weights.load import load_weights
from tfdeepsim.config import TrainConfig
from tfdeepsim.export.card import SCALING
from tfdeepsim.export.saved_model import load_generator
from tfdeepsim.export.stock_chain import comparator_features
from tfdeepsim.export.stock_layers import (
    embedding_of_bytes,
    inversion_generator,
    with_stock_layers,
)
from tfdeepsim.export.writers import WRITERS, write_saved_model
from tfdeepsim.networks.inversion_generator import InversionGenerator
from tfdeepsim.networks.precision import float32
from tfdeepsim.run import RunDirectory


class TrainedNetwork:
    """The trained network of a run, in float32, with the weights of its best epoch.

    Args:
        run: The finished run.
        config: Its config.
        layer: Layer of a comparator; None for other runs.

    Attributes:
        model: A functional model of stock Keras layers, as it is exported.
        output: Name of its output: `embedding` or `image`.

    Raises:
        InputError: If a file of the run is damaged, or the comparator has no such layer for images
            of the run's size.

    Example:
        >>> network = TrainedNetwork(run, TrainConfig.from_dict(run.read_config()))
        >>> embeddings = network.model(images)
    """

    def __init__(self, run: RunDirectory, config: TrainConfig, layer: str | None = None):
        with float32():
            self._network = _network(run, config, layer)
            if isinstance(self._network, InversionGenerator):
                self.model, self.output = inversion_generator(self._network), "image"
            else:
                stock = self._network
                if config.task == "autoencoder":
                    stock = with_stock_layers(self._network)
                self.model, self.output = embedding_of_bytes(stock), "embedding"

    @property
    def interface(self) -> dict[str, Any]:
        """Name, shape, dtype and range of each input and output, for the card; None is any size of
        a batch."""
        inputs = {x.name: _described(x) for x in self.model.inputs}
        if "images" in inputs:
            inputs["images"]["values"] = SCALING
        if "features" in inputs:
            inputs["features"]["values"] = "features of the inverted network, not scaled"
        if "noise" in inputs:
            inputs["noise"]["values"] = "normal with mean 0 and deviation 1; 0 for the mean image"
        output = _described(self.model.output)
        if self.output == "image":
            output["values"] = "0 (black) to 1, channels last"
        return {"inputs": inputs, "outputs": {self.output: output}}

    def write(self, to: str, card: dict[str, Any], path: Path) -> None:
        """Write the network with its card.

        Args:
            to: One of `FORMATS`.
            card: The card.
            path: The file or folder, which does not exist.
        """
        if to == "savedmodel":
            write_saved_model(self._network, card, path)
        else:
            WRITERS[to](self.model, self.output, card, path)


def _network(run: RunDirectory, config: TrainConfig, layer: str | None) -> keras.Model:
    if config.task == "comparator":
        architecture = ARCHITECTURES[str(config.comparator)]
        weights = load_weights(run.comparator, architecture, [str(layer)])
        shape = run.read_environment()["dataset"]["image_shape"]
        return comparator_features(weights.architecture, weights.tensors, str(layer), tuple(shape))
    generator = load_generator(run)
    return generator if config.task == "inversion" else generator.encoder


def _described(x: keras.KerasTensor) -> dict[str, Any]:
    return {"dtype": x.dtype, "shape": list(x.shape)}
