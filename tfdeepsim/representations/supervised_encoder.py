"""An encoder of the same shape that is trained on the labels: what the labels themselves would
give."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.data.dataset import Dataset, Splits
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.splits.labelled import TARGET, labelled
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.networks.pihlgren import Encoder, check_image_shape
from tfdeepsim.networks.precision import float32
from tfdeepsim.representations.baseline import Baseline
from tfdeepsim.representations.random_encoder import network_encode
from tfdeepsim.representations.representation import Encode
from tfdeepsim.training.best_weights import BestWeights

LEARNING_RATE = 1e-3


class SupervisedEncoder(Baseline):
    """The encoder of Pihlgren et al. under a linear head, trained on the labels of `probe_train`.

    Adam; cross-entropy for classes, squared error of standardised labels for a regression. The
    weights are those of the epoch with the lowest loss on `probe_validation`; training stops when
    that has not fallen for max(10, epochs / 20) epochs. With many labels it is the upper bound of a
    table; with few it overfits, and an encoder that saw more images may do better.

    Args:
        parent: Where its folder is made.
        latent_dim: Size of the embedding, which is what the head reads.
        seed: Of the weights and of the order of the images.
        epochs: Most passes over `probe_train`.
        batch_size: Images a step.
    """

    def __init__(self, parent: Path, latent_dim: int, seed: int, epochs: int, batch_size: int):
        settings = {
            "latent_dim": latent_dim,
            "seed": seed,
            "epochs": epochs,
            "batch_size": batch_size,
            "learning_rate": LEARNING_RATE,
        }
        super().__init__("supervised", parent, settings)

    def check(self, dataset: Dataset) -> None:
        if dataset.task is None:
            raise InputError(
                "the baseline supervised needs labels",
                got=f"{dataset.name}, which has none",
                accepted="images in one folder a class, or --labels FILE.csv",
            )
        check_image_shape(dataset.image_shape)

    def fit(self, splits: Splits) -> list[np.ndarray]:
        train, validation = (
            labelled(splits, split) for split in ("probe_train", "probe_validation")
        )
        train, validation, width, loss = _targets(train, validation, splits.dataset.task)
        with float32():
            keras.utils.set_random_seed(self.settings["seed"])
            encoder = Encoder(splits.dataset.image_shape, self.settings["latent_dim"])
            head = keras.layers.Dense(width)(encoder.output["latent"])
            model = keras.Model(encoder.input, head)
            model.compile(keras.optimizers.Adam(self.settings["learning_rate"]), loss)
            self._train(model, train, validation)
        return [variable.numpy() for variable in encoder.weights]

    def _train(self, model: keras.Model, train: Split, validation: Split) -> None:
        epochs = self.settings["epochs"]
        batch_size = min(self.settings["batch_size"], len(train.images))
        steps = len(train.images) // batch_size
        data = training_batches(
            train, batch_size=batch_size, seed=self.settings["seed"], steps=range(epochs * steps)
        )
        with BestWeights("supervised encoder", patience=max(10, math.ceil(epochs / 20))) as best:
            model.fit(
                data.map(_pair),
                validation_data=batches(validation, batch_size).map(_pair),
                epochs=epochs,
                steps_per_epoch=steps,
                shuffle=False,
                verbose=0,
                callbacks=[best],
            )
        best.restore()

    def encoder_of(self, fitted: list[np.ndarray], image_shape: tuple[int, int, int]) -> Encode:
        return network_encode(fitted, image_shape, self.settings["latent_dim"])


def _pair(batch: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    return batch["image"], batch[TARGET]


def _targets(
    train: Split, validation: Split, task: Any
) -> tuple[Split, Split, int, keras.losses.Loss]:
    """Splits with targets as the loss takes them, the number of outputs, and the loss."""
    labels, other = train.labels[TARGET], validation.labels[TARGET]
    if task == "classification":
        width = int(max(labels.max(), other.max())) + 1
        return (
            train,
            validation,
            width,
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
    labels = labels.reshape(len(labels), -1).astype(np.float32)
    mean, deviation = labels.mean(0), labels.std(0)
    deviation[deviation == 0] = 1
    train, validation = (
        Split(
            source.images,
            {TARGET: (values.reshape(len(values), -1).astype(np.float32) - mean) / deviation},
        )
        for source, values in ((train, labels), (validation, other))
    )
    return train, validation, labels.shape[1], keras.losses.MeanSquaredError()
