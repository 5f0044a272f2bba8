"""The task of training an autoencoder under the losses of both papers."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.data.pipeline import batches
from tfdeepsim.data.splits.split import Split
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.generators import generator_of
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.generator_task import GeneratorTask
from tfdeepsim.training.online_probe import OnlineProbe, column
from tfdeepsim.training.projector import write_projector

PROJECTED_IMAGES = 1000


class AutoencoderTask(GeneratorTask):
    """An AE or VAE."""

    def __init__(self, config: TrainConfig, data: LazyDataset | None = None):
        super().__init__(config, data)
        if config.probe_every and self.description.made:
            self.dataset.labelled()

    def generator(self) -> keras.Model:
        return generator_of(self.config, self.description.image_shape)

    def discriminator(self) -> Discriminator:
        config = self.config
        return Discriminator(self.description.image_shape, width=config.width, seed=config.seed)

    def described(self) -> str:
        config = self.config
        return f"{config.model} of {config.network}, latent size {config.latent_dim}"

    @property
    def chosen_by(self) -> str:  # type: ignore[override]
        return column(self.dataset) if self.config.choose_by == "probe" else super().chosen_by

    def callbacks(self, run: RunDirectory, epochs: int) -> list[keras.callbacks.Callback]:
        every = self.config.probe_every
        watching: list[Any] = [OnlineProbe(self.splits, every, epochs)] if every else []
        return watching + super().callbacks(run, epochs)

    def finish(self, run: RunDirectory, model: DeePSiM, best: Mapping[str, Any]) -> None:
        super().finish(run, model, best)
        validation = self.splits["encoder_validation"]
        shown = slice(0, PROJECTED_IMAGES)
        images = batches(Split(validation.images[shown], {}), 256).map(lambda batch: batch["image"])
        # Not by `predict`, which TensorFlow warns of where one process trains several runs.
        encoder = model.generator.encoder
        embeddings = np.concatenate(
            [encoder(batch, training=False)["latent"].numpy() for batch in images]
        )
        labels = {name: values[shown] for name, values in validation.labels.items()}
        write_projector(run.path / "validation", embeddings, validation.images[shown], labels)
