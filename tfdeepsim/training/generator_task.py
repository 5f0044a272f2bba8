"""What the tasks that train a generator have in common: loss, optimizer, batches and samples."""

import abc
import dataclasses
import functools
import math
import shutil
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.one_pass import in_one_pass
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.comparators.from_config import comparator_of
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.comparator_fields import moving_features
from tfdeepsim.data import open_dataset
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.splits.examples import evenly_spaced, example_rows
from tfdeepsim.data.splits.split import Split
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.gate import GatedAdam
from tfdeepsim.loss_terms import OF_IMAGES
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.pixels import to_floats
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.augment import augmented
from tfdeepsim.training.balance import Balance
from tfdeepsim.training.comparator_record import comparator_record, comparator_summary
from tfdeepsim.training.feature_scale import factor_of_bytes, mean_squares
from tfdeepsim.training.kept_features import KeptFeatures
from tfdeepsim.training.task import Task
from tfdeepsim.training.tensorboard import RunTensorBoard, reconstruct
from tfdeepsim.units import mean_units

HALVED_AT = (0.3, 0.5, 0.7, 0.9)
"""Shares of the steps after which the learning rate is halved: in the code of Dosovitskiy & Brox
after 300, 500, 700 and 900 thousand of a million steps."""
FEATURE_MEAN_SQUARES = "feature_mean_squares"
"""Key of the mean squares that feature errors are divided by, in the record of a comparator."""
KEPT_FEATURES = "kept_features"
"""Key of whether features of training images are kept, in the record of a comparator."""
GRID_IMAGES = 8
SAMPLE_IMAGES = 16


class GeneratorTask(Task):
    """Training of a generator of images under the loss of `DeePSiM`."""

    _kept: KeptFeatures | None = None

    @abc.abstractmethod
    def generator(self) -> keras.Model:
        """Build the generator, whose weights are the result."""

    @abc.abstractmethod
    def discriminator(self) -> Discriminator:
        """Build the discriminator."""

    def extractor(self) -> Any:
        """Build the map from images to the generator's input; None if the input is the images."""
        return None

    def model(self) -> DeePSiM:
        config = self.config
        self._check_adversarial_start()
        # First, since the other networks need the shape of its features.
        extractor = self.extractor()
        generator = self.generator()
        comparator = None if config.comparator is None else comparator_of(config)
        self._kept = self._kept_features(comparator, extractor)
        weights = self._loss_weights(comparator)
        discriminator = self.discriminator() if "adversarial" in weights else None
        parts = (generator, weights, comparator, discriminator)
        model = DeePSiM(
            *parts,
            config.image_loss,
            config.gate,
            extractor,
            discriminator_weight_decay=config.discriminator_weight_decay,
            adversarial_start=config.adversarial_start,
            lambda_units="shares" if config.lambda_units == "shares" else "mean",
        )
        # Data that do not exist yet are created after the plan was shown, see `prepare`.
        if FEATURE_MEAN_SQUARES in self._earlier_comparator or self.description.ready:
            self.prepare(model)
        return model

    def _kept_features(self, comparator: Any, extractor: Any) -> KeptFeatures | None:
        """The features that are kept, if they are."""
        config = self.config
        if config.keep_features == "off" or moving_features(config) or self.run is None:
            return None
        if config.keep_features == "auto" and in_one_pass(comparator, extractor):
            # The inverted network passes the images in any case.
            return None
        shape = self.description.image_shape
        kept = KeptFeatures(self.run, comparator, self.examples, shape, config.batch_size)
        is_kept = config.keep_features == "on" or KEPT_FEATURES in self._earlier_comparator
        return kept if is_kept or kept.fits() else None

    def _check_adversarial_start(self) -> None:
        """Refuse a start after the last step. With `--steps` the config has done that; those of
        `--epochs` are known here."""
        config = self.config
        steps = config.total_steps(max(1, self.examples // config.batch_size))
        if config.adversarial_start >= steps:
            raise InputError(
                "--adversarial-start must come before the last step",
                got=f"--adversarial-start {config.adversarial_start} in a run of {steps} steps",
                accepted=f"0 to {steps - 1}",
            )

    def prepare(self, model: DeePSiM) -> None:
        """Scale relative feature errors by the mean squares that the resumed run recorded, or by
        those of the training images."""
        if self.config.feature_scale != "relative" or model.feature_scales is not None:
            return
        recorded = self._earlier_comparator.get(FEATURE_MEAN_SQUARES)
        model.feature_scales = recorded or mean_squares(
            model.comparator, self.splits["encoder_train"]
        )

    @property
    def _earlier_comparator(self) -> Mapping[str, Any]:
        return self.earlier_record.get("comparator") or {}

    def _loss_weights(self, comparator: Comparator | None) -> dict[str, float]:
        """The weights λ of all terms: shares, or in mean units."""
        config, shape = self.config, self.description.image_shape
        if config.lambda_units != "paper":
            return config.loss_weights
        features = comparator.feature_shapes(shape[:2]) if comparator else [(0,)]
        if len(features) > 1:
            raise InputError(
                "--lambda-units paper counts the features of one layer",
                got=f"--comparator {config.comparator}",
                accepted="one layer, or --lambda-units mean",
            )
        sizes = (math.prod(shape), math.prod(features[0]), config.latent_dim or 0)
        return mean_units(config.loss_weights, *sizes)

    def optimizer(self, steps: int) -> keras.optimizers.Optimizer:
        """Adam; with `--schedule halving` its learning rate is halved at `HALVED_AT`."""
        config = self.config
        rate: Any = config.learning_rate
        if config.schedule == "halving":
            boundaries = [max(1, round(share * steps)) for share in HALVED_AT]
            rates = [rate / 2**halvings for halvings in range(len(boundaries) + 1)]
            rate = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, rates)
        # Only the gate `hysteresis` ever pauses the generator.
        adam = GatedAdam if config.gate == "hysteresis" else keras.optimizers.Adam
        return adam(rate, beta_1=0.9, beta_2=0.999)

    @property
    def monitor(self) -> str:  # type: ignore[override]
        # An adversarial loss depends on the discriminator and does not tell which epoch is better;
        # nor does a loss whose weights move with the gradients of several terms.
        terms = self.config.loss_weights
        weights_move = self.config.lambda_units == "shares" and len(set(terms) & set(OF_IMAGES)) > 1
        return "epoch" if "adversarial" in terms or weights_move else "val_loss"

    @property
    def as_bytes(self) -> bool:  # type: ignore[override]
        # A quarter of what travels to a GPU. A CPU makes floats beside the step.
        return bool(tf.config.list_logical_devices("GPU"))

    @property
    def examples(self) -> int:
        return self.description.splits["encoder_train"]

    def trial_batch(self) -> dict[str, tf.Tensor]:
        """Training images, or noise if the dataset does not exist yet."""
        index, count = self.shard
        if self.description.ready:
            images = self.splits["encoder_train"].images
            rows = evenly_spaced(len(images), self.config.batch_size)[index::count]
            batch = tf.constant(to_floats(images[rows]))
        else:
            shape = (self.config.batch_size // count, *self.description.image_shape)
            batch = tf.random.stateless_uniform(shape, seed=(0, 0))
        return {"image": batch} | ({"features": self._kept.of(batch)} if self._kept else {})

    def training(self, steps: range) -> tf.data.Dataset:
        config = self.config
        split = self._uncropped if "crop" in config.augment else self.splits["encoder_train"]
        data = training_batches(
            split,
            batch_size=config.batch_size,
            seed=config.seed,
            steps=steps,
            shard=self.shard,
            as_bytes=self.as_bytes,
            features=self._features,
        )
        if config.augment == "none":
            return data
        size = self.description.image_shape[:2] if "crop" in config.augment else None
        flip = "flip" in config.augment
        return augmented(data, size, flip, config.seed, steps, self.shard)

    def begin(self) -> None:
        _ = self._features

    @functools.cached_property
    def _features(self) -> list[np.ndarray]:
        """Kept features of the training images, [N, ...] of each layer; empty if none are kept."""
        if self._kept is None:
            return []
        return self._kept.arrays(self.splits["encoder_train"].images)

    @functools.cached_property
    def _uncropped(self) -> Split:
        """Training images of `--shorter-side`, from which squares are cropped at random."""
        config = self.config
        options = dataclasses.replace(
            config, image_size=config.shorter_side, shorter_side=None, augment="none"
        )
        dataset = open_dataset(config.dataset, config.data_dir, options)
        return dataset.split("encoder_train", config.cache)

    def validation(self) -> tf.data.Dataset:
        validation = self.splits["encoder_validation"]
        size = self.config.batch_size
        return batches(validation, size, shard=self.shard, as_bytes=self.as_bytes)

    @abc.abstractmethod
    def generator_summary(self) -> str:
        """The generator in words, for the plan."""

    def plan(self, model: DeePSiM) -> dict[str, str]:
        parameters = sum(int(np.prod(v.shape)) for v in model.generator.trainable_variables)
        return {
            "model": f"{self.generator_summary()}, {parameters:,} parameters",
            "loss": _loss_row(model),
            "comparator": comparator_summary(model, self.trial_batch()["image"]),
            **self._kept_features_row(),
            **self._paper_units_row(model),
            **_discriminator_row(model, self.config),
        }

    def _kept_features_row(self) -> dict[str, str]:
        if self._kept is None:
            return {}
        return {"kept": f"features of training images, {self._kept.bytes / 1e6:,.0f} MB in the run"}

    def _paper_units_row(self, model: DeePSiM) -> dict[str, str]:
        """What the paper's λ_feat means for a comparator that is not the paper's."""
        if self.config.lambda_units != "paper" or "feature" not in model.loss_weights:
            return {}
        factor = factor_of_bytes(model.comparator, self.trial_batch()["image"].numpy())
        if factor == 1.0:
            return {}
        times = "by an unknown factor" if factor is None else f"by a factor of {factor:,.0f}"
        return {
            "paper units": "the paper's λ_feat presumes a network that takes pixels of 0 to 255 "
            f"(caffe_alexnet).\nOn such pixels, {self.config.comparator} would have larger squares "
            f"{times};\nthe feature term is smaller by that factor than the paper's λ_feat presumes"
        }

    def record(self, model: DeePSiM) -> dict[str, Any]:
        comparator = model.comparator and comparator_record(model.comparator)
        if model.feature_scales is not None:
            comparator[FEATURE_MEAN_SQUARES] = list(model.feature_scales)
        if self._kept is not None:
            comparator[KEPT_FEATURES] = True
        return {"parameters": model.generator.count_params(), "comparator": comparator}

    def callbacks(self, run: RunDirectory, epochs: int) -> list[keras.callbacks.Callback]:
        images = self._validation_images(GRID_IMAGES)
        return [RunTensorBoard(run, _grid, images), Balance(run)]

    def finish(self, run: RunDirectory, model: DeePSiM, best: Mapping[str, Any]) -> None:
        save_samples(run, model, self._validation_images(SAMPLE_IMAGES))
        shutil.rmtree(run.kept_features, ignore_errors=True)

    def _validation_images(self, count: int) -> np.ndarray:
        validation = self.splits["encoder_validation"]
        return np.asarray(validation.images[example_rows(validation, count)])


def save_samples(run: RunDirectory, model: DeePSiM, images: np.ndarray) -> None:
    """Write `samples.npz`: the arrays `original` and `reconstruction`.

    Args:
        run: Run directory to write to.
        model: Trained model.
        images: uint8 [n, H, W, C].
    """
    with replacing(run.samples) as new, open(new, "wb") as file:
        np.savez_compressed(file, original=images, reconstruction=reconstruct(model, images))


def _grid(model: DeePSiM, images: np.ndarray) -> np.ndarray:
    return np.stack([images, reconstruct(model, images)])


def _loss_row(model: DeePSiM) -> str:
    row = " + ".join(f"{value:.4g} {name}" for name, value in model.loss_weights.items())
    if model.gradient_shares is None:
        return row
    row += ", as shares of the gradient at the generated image"
    return row + (", kl in mean units" if "kl" in model.loss_weights else "")


def _discriminator_row(model: DeePSiM, config: TrainConfig) -> dict[str, str]:
    if model.discriminator is None:
        return {}
    row = f"{model.discriminator.count_params():,} parameters, gate {config.gate}"
    if config.discriminator_weight_decay:
        row += f", weight decay {config.discriminator_weight_decay:g}"
    if config.adversarial_start:
        row += f", from step {config.adversarial_start:,} on"
    return {"discriminator": row}
