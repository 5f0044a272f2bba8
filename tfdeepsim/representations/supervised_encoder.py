"""A baseline that is trained on the labels: an encoder of the same architecture."""

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
from tfdeepsim.representations.baseline import Baseline, Fitted
from tfdeepsim.representations.random_encoder import encoder_function
from tfdeepsim.representations.representation import Encode
from tfdeepsim.training.best_weights import BestWeights

LEARNING_RATE = 1e-3


class SupervisedEncoder(Baseline):
    """The encoder of Pihlgren et al. 2020 with a linear head, trained on labels of `probe_train`.

    It is trained with Adam under cross-entropy for classes, under the squared error of standardized
    labels for regression. Its weights are those of the epoch with the lowest loss on
    `probe_validation`; training stops when that loss has not fallen for max(10, epochs / 20)
    epochs. With many labels it is an upper bound for the other rows of a table. With few it
    overfits, and an encoder that was trained on more images may be better.

    Args:
        parent: Folder in which the baseline's own folder is created.
        latent_dim: Size of the embedding, which is the input of the head.
        seed: Seed of the weights and of the order of the images.
        epochs: Maximum number of passes over `probe_train`.
        batch_size: Images per step; fewer if `probe_train` has fewer.

    Example:
        >>> baseline = SupervisedEncoder(Path("runs/baselines"), 64, 0, epochs=50, batch_size=64)
        >>> embeddings = embeddings_of(baseline, "stl10", splits, ["test"])
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

    def fit(self, splits: Splits) -> Fitted:
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
        return Fitted([variable.numpy() for variable in encoder.weights])

    def _train(self, model: keras.Model, train: Split, validation: Split) -> None:
        epochs = self.settings["epochs"]
        batch_size = min(self.settings["batch_size"], len(train.images))
        steps = len(train.images) // batch_size
        data = training_batches(
            train, batch_size=batch_size, seed=self.settings["seed"], steps=range(epochs * steps)
        )
        with BestWeights("supervised encoder", patience=max(10, math.ceil(epochs / 20))) as best:
            model.fit(
                data.map(_inputs_and_targets),
                validation_data=batches(validation, batch_size).map(_inputs_and_targets),
                epochs=epochs,
                steps_per_epoch=steps,
                shuffle=False,
                verbose=0,
                callbacks=[best],
            )
        best.restore()

    def encoder_of(self, fitted: list[np.ndarray], image_shape: tuple[int, int, int]) -> Encode:
        return encoder_function(fitted, image_shape, self.settings["latent_dim"])


def _inputs_and_targets(batch: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    return batch["image"], batch[TARGET]


def _targets(
    train: Split, validation: Split, task: Any
) -> tuple[Split, Split, int, keras.losses.Loss]:
    """Both splits with targets in the form that the loss expects, the number of outputs, and the
    loss."""
    labels, validation_labels = train.labels[TARGET], validation.labels[TARGET]
    if task == "classification":
        width = int(max(labels.max(), validation_labels.max())) + 1
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        return train, validation, width, loss
    labels = labels.reshape(len(labels), -1).astype(np.float32)
    mean, deviation = labels.mean(0), labels.std(0)
    deviation[deviation == 0] = 1
    train, validation = (
        Split(
            split.images,
            {TARGET: (values.reshape(len(values), -1).astype(np.float32) - mean) / deviation},
        )
        for split, values in ((train, labels), (validation, validation_labels))
    )
    return train, validation, labels.shape[1], keras.losses.MeanSquaredError()
