"""Task: train an autoencoder under the losses of both papers."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from tfdeepsim.batches import over_batches
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.data.splits.examples import example_rows
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.generators import generator_of
from tfdeepsim.pixels import to_floats
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.encoder_weights import load_alexnet
from tfdeepsim.training.generator_task import GeneratorTask
from tfdeepsim.training.online_probe import OnlineProbe, column
from tfdeepsim.training.projector import write_projector

PROJECTED_IMAGES = 1000
"""Number of validation images in TensorBoard's projector."""


class AutoencoderTask(GeneratorTask):
    """Training of an AE or VAE, which encodes and reconstructs images.

    Args:
        config, data: As `Task` takes them.

    Raises:
        InputError: If `--probe-every` is set and the dataset has no labels.

    Example:
        >>> task = AutoencoderTask(TrainConfig(dataset="llv2/quickstart", model="vae"))
        >>> model = build_model(task)
    """

    def __init__(self, config: TrainConfig, data: LazyDataset | None = None):
        super().__init__(config, data)
        self._encoder_weights: dict[str, Any] | None = None
        if config.probe_every and self.description.ready:
            self.dataset.labelled()

    def generator(self) -> keras.Model:
        generator = generator_of(self.config, self.description.image_shape)
        if self.config.encoder_weights == "alexnet":
            self._encoder_weights = load_alexnet(generator.encoder)
        return generator

    def discriminator(self) -> Discriminator:
        config = self.config
        return Discriminator(self.description.image_shape, width=config.width, seed=config.seed)

    def generator_summary(self) -> str:
        config = self.config
        summary = f"{config.model} of {config.network}, latent size {config.latent_dim}"
        if config.encoder_weights == "alexnet":
            summary += ", encoder from the bundled AlexNet of ImageNet up to pool5"
        return summary

    def record(self, model: DeePSiM) -> dict[str, Any]:
        return super().record(model) | {"encoder_weights": self._encoder_weights}

    @property
    def monitor(self) -> str:  # type: ignore[override]
        return column(self.dataset) if self.config.choose_by == "probe" else super().monitor

    def callbacks(self, run: RunDirectory, epochs: int) -> list[keras.callbacks.Callback]:
        every = self.config.probe_every
        probes: list[Any] = [OnlineProbe(self.splits, every, epochs)] if every else []
        return probes + super().callbacks(run, epochs)

    def finish(self, run: RunDirectory, model: DeePSiM, best: Mapping[str, Any]) -> None:
        super().finish(run, model, best)
        validation = self.splits["encoder_validation"]
        rows = example_rows(validation, PROJECTED_IMAGES)
        images = np.asarray(validation.images[rows])
        encoder = model.generator.encoder
        # Not by `predict`, which TensorFlow warns about where one process trains several runs.
        embeddings = over_batches(
            lambda batch: encoder(to_floats(batch), training=False)["latent"], images
        )
        labels = {name: values[rows] for name, values in validation.labels.items()}
        write_projector(run.path / "validation", embeddings, images, labels)
