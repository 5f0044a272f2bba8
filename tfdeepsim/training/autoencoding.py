"""The task of training an autoencoder under the losses of both papers."""

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.asked import comparator_of
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.source import Source
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.gate import GatedAdam
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.generators import generator_of
from tfdeepsim.run import RunDirectory, replacing
from tfdeepsim.training.audit import comparator_line, comparator_record
from tfdeepsim.training.augment import augmented
from tfdeepsim.training.balance import Balance
from tfdeepsim.training.board import Board, reconstruct
from tfdeepsim.training.probing import Probing, column
from tfdeepsim.training.projector import write_projector
from tfdeepsim.training.task import Task
from tfdeepsim.units import mean_units

HALVED_AT = (0.3, 0.5, 0.7, 0.9)
"""300, 500, 700 and 900 thousand of a million steps."""
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
        config, shape = self.config, self.description.image_shape
        generator = generator_of(config, shape)
        comparator = None if config.comparator is None else comparator_of(config)
        weights = self._loss_weights(comparator)
        discriminator = None
        if "adversarial" in weights:
            discriminator = Discriminator(shape, width=config.width, seed=config.seed)
        return DeePSiM(generator, weights, comparator, discriminator, config.image_loss, config.gate)

    def _loss_weights(self, comparator: Comparator | None) -> dict[str, float]:
        """λs in mean units."""
        config, shape = self.config, self.description.image_shape
        if config.lambda_units == "mean":
            return config.loss_weights
        features = comparator.feature_shapes(shape[:2]) if comparator else [(0,)]
        if len(features) > 1:
            raise InputError(
                "--lambda-units paper counts the features of one layer",
                got=f"--comparator {config.comparator}",
                accepted="one layer, or --lambda-units mean",
            )
        return mean_units(config.loss_weights, math.prod(shape), math.prod(features[0]), config.latent_dim)

    def optimizer(self, steps: int) -> keras.optimizers.Optimizer:
        """Adam; its rate is halved at the shares of the steps at which the paper's code does, where asked."""
        config = self.config
        rate: Any = config.learning_rate
        if config.schedule == "halving":
            at = [max(1, round(share * steps)) for share in HALVED_AT]
            rate = keras.optimizers.schedules.PiecewiseConstantDecay(
                at, [rate / 2**halvings for halvings in range(len(at) + 1)]
            )
        # Only the gate with hysteresis ever pauses the generator.
        adam = GatedAdam if config.gate == "hysteresis" else keras.optimizers.Adam
        return adam(rate, beta_1=0.9, beta_2=0.999)

    @property
    def chosen_by(self) -> str:  # type: ignore[override]
        if self.config.choose_by == "probe":
            return column(self.dataset)
        # A loss that a discriminator has a say in does not tell which epoch is better.
        return "epoch" if "adversarial" in self.config.loss_weights else "val_loss"

    @property
    def examples(self) -> int:
        return self.description.splits["encoder_train"]

    def trial_batch(self) -> dict[str, tf.Tensor]:
        shape = (self.config.batch_size, *self.description.image_shape)
        return {"image": tf.random.stateless_uniform(shape, seed=(0, 0))}

    def training(self, steps: range) -> tf.data.Dataset:
        config = self.config
        source = self._uncropped if "crop" in config.augment else self.sources["encoder_train"]
        data = training_batches(source, batch_size=config.batch_size, seed=config.seed, steps=steps)
        if config.augment == "none":
            return data
        size = self.description.image_shape[:2] if "crop" in config.augment else None
        return augmented(data, size, "flip" in config.augment, config.seed, steps)

    @functools.cached_property
    def _uncropped(self) -> Source:
        """Training images of `--shorter-side`, from which squares are cut at random."""
        config = self.config
        whole = dataclasses.replace(config, image_size=config.shorter_side, shorter_side=None, augment="none")
        dataset = open_dataset(config.dataset, config.data_dir, whole)
        return dataset.source("encoder_train", config.cache)

    def validation(self) -> tf.data.Dataset:
        return batches(self.sources["encoder_validation"], self.config.batch_size)

    def plan(self, model: DeePSiM) -> dict[str, str]:
        config = self.config
        parameters = sum(int(np.prod(v.shape)) for v in model.generator.trainable_variables)
        return {
            "model": f"{config.model} of {config.network}, latent size {config.latent_dim}, "
            f"{parameters:,} parameters",
            "loss": " + ".join(f"{value:.4g} {name}" for name, value in model.loss_weights.items()),
            "comparator": comparator_line(model, self.trial_batch()["image"]),
            **_adversary(model, config.gate),
        }

    def record(self, model: DeePSiM) -> dict[str, Any]:
        return {
            "parameters": model.generator.count_params(),
            "comparator": model.comparator and comparator_record(model.comparator),
        }

    def callbacks(self, run: RunDirectory, epochs: int) -> list[keras.callbacks.Callback]:
        every = self.config.probe_every
        images = self.sources["encoder_validation"].images[:GRID_IMAGES]
        watching = [Probing(self.sources, every, epochs)] if every else []
        return [*watching, Board(run, _grid, images), Balance(run)]

    def finish(self, run: RunDirectory, model: DeePSiM, best: Mapping[str, Any]) -> None:
        validation = self.sources["encoder_validation"]
        save_samples(run, model, validation.images[:SAMPLE_IMAGES])
        shown = slice(0, PROJECTED_IMAGES)
        images = batches(Source(validation.images[shown], {}), 256).map(lambda batch: batch["image"])
        # Not by `predict`, which TensorFlow warns of where one process trains several runs.
        encoder = model.generator.encoder
        embeddings = np.concatenate([encoder(batch, training=False)["latent"].numpy() for batch in images])
        labels = {name: values[shown] for name, values in validation.labels.items()}
        write_projector(run.path / "validation", embeddings, validation.images[shown], labels)


def save_samples(run: RunDirectory, model: DeePSiM, images: np.ndarray) -> None:
    """Write `samples.npz`: originals and reconstructions, uint8 [n, H, W, C]."""
    with replacing(run.samples) as new, open(new, "wb") as file:
        np.savez_compressed(file, original=images, reconstruction=reconstruct(model, images))


def _grid(model: DeePSiM, images: np.ndarray) -> np.ndarray:
    return np.stack([images, reconstruct(model, images)])


def _adversary(model: DeePSiM, gate: str) -> dict[str, str]:
    if model.discriminator is None:
        return {}
    return {"discriminator": f"{model.discriminator.count_params():,} parameters, gate {gate}"}
