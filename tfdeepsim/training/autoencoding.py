"""The task of training an autoencoder under the losses of both papers."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.asked import comparator_of
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.source import Source
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.networks.pihlgren import make_autoencoder
from tfdeepsim.run import RunDirectory, replacing
from tfdeepsim.training.audit import comparator_line, comparator_record
from tfdeepsim.training.board import Board, reconstruct
from tfdeepsim.training.probing import Probing, column
from tfdeepsim.training.projector import write_projector
from tfdeepsim.training.task import Task

GRID_IMAGES = 8
SAMPLE_IMAGES = 16
PROJECTED_IMAGES = 1000


class Autoencoding(Task):
    """An AE or VAE, and the comparator of its feature term."""

    def __init__(self, config: TrainConfig):
        super().__init__(config)
        if config.probe_every and self.description.made:
            self.dataset.labelled()

    def model(self) -> DeePSiM:
        config = self.config
        generator = make_autoencoder(
            self.description.image_shape, config.latent_dim, config.model == "vae", config.seed
        )
        comparator = None if config.comparator is None else comparator_of(config)
        return DeePSiM(generator, config.loss_weights, comparator, config.image_loss)

    @property
    def chosen_by(self) -> str:  # type: ignore[override]
        return column(self.dataset) if self.config.choose_by == "probe" else "val_loss"

    @property
    def examples(self) -> int:
        return self.description.splits["encoder_train"]

    def trial_batch(self) -> dict[str, tf.Tensor]:
        shape = (self.config.batch_size, *self.description.image_shape)
        return {"image": tf.random.stateless_uniform(shape, seed=(0, 0))}

    def training(self, steps: range) -> tf.data.Dataset:
        config = self.config
        return training_batches(
            self.sources["encoder_train"], batch_size=config.batch_size, seed=config.seed, steps=steps
        )

    def validation(self) -> tf.data.Dataset:
        return batches(self.sources["encoder_validation"], self.config.batch_size)

    def plan(self, model: DeePSiM) -> dict[str, str]:
        config = self.config
        parameters = sum(int(np.prod(v.shape)) for v in model.generator.trainable_variables)
        return {
            "model": f"{config.model}, latent size {config.latent_dim}, {parameters:,} parameters",
            "loss": " + ".join(f"{value:g} {name}" for name, value in model.loss_weights.items()),
            "comparator": comparator_line(model, self.trial_batch()["image"]),
        }

    def record(self, model: DeePSiM) -> dict[str, Any]:
        return {
            "parameters": model.generator.count_params(),
            "comparator": model.comparator and comparator_record(model.comparator),
        }

    def callbacks(self, run: RunDirectory, epochs: int) -> list[keras.callbacks.Callback]:
        every = self.config.probe_every
        images = self.sources["encoder_validation"].images[:GRID_IMAGES]
        return [*([Probing(self.sources, every, epochs)] if every else []), Board(run, _grid, images)]

    def finish(self, run: RunDirectory, model: DeePSiM, best: Mapping[str, Any]) -> None:
        validation = self.sources["encoder_validation"]
        save_samples(run, model, validation.images[:SAMPLE_IMAGES])
        shown = slice(0, PROJECTED_IMAGES)
        images = batches(Source(validation.images[shown], {}), 256).map(lambda batch: batch["image"])
        embeddings = model.generator.encoder.predict(images, verbose=0)["latent"]
        labels = {name: values[shown] for name, values in validation.labels.items()}
        write_projector(run.path / "validation", embeddings, validation.images[shown], labels)


def save_samples(run: RunDirectory, model: DeePSiM, images: np.ndarray) -> None:
    """Write `samples.npz`: originals and reconstructions, uint8 [n, H, W, C]."""
    with replacing(run.samples) as new, open(new, "wb") as file:
        np.savez_compressed(file, original=images, reconstruction=reconstruct(model, images))


def _grid(model: DeePSiM, images: np.ndarray) -> np.ndarray:
    return np.stack([images, reconstruct(model, images)])
