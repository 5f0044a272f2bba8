"""AlexNet that learns from labels."""

from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.splits.examples import example_rows
from tfdeepsim.data.splits.labelled import TARGET, labelled
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.pretraining.crops import flip_and_shift
from tfdeepsim.pretraining.objective import Objective
from tfdeepsim.pretraining.trainable_chain import TrainableChain, sized

MINIMUM_SIZE = 64
"""Of images: smaller ones leave AlexNet's last pool nothing."""

SMOOTHING = 0.1
"""Share of a label's weight that is spread over all classes in training."""


class ClassificationObjective(Objective):
    """Class labels under cross-entropy, on randomly flipped and shifted images.

    It learns from `probe_train`, is chosen by `probe_validation` and scored on `test`. All layers
    are kept; `fc8` has an output a class.

    Args:
        splits: Of a dataset with classes.
        name: Of the network.
        seed: Of its weights.
    """

    name = "supervised"
    last_saved_layer = "fc8"
    measure_names = ("loss", "accuracy")
    monitor = "val_accuracy"
    saw_labels = True

    def __init__(self, splits: Splits, name: str, seed: int):
        dataset = splits.dataset
        check_classes(dataset.task, dataset.name)
        side = min(dataset.image_shape[:2])
        if side < MINIMUM_SIZE:
            raise InputError(
                f"{name} is trained on images of {MINIMUM_SIZE} pixels and more",
                got=f"{side} pixels",
                accepted=f"--image-size {MINIMUM_SIZE}",
            )
        self._splits = splits
        self._train, self._validation = (
            labelled(splits, s) for s in ("probe_train", "probe_validation")
        )
        self.classes = 1 + int(
            max(part.labels[TARGET].max() for part in (self._train, self._validation))
        )
        self._architecture = sized(ARCHITECTURES[name], side).with_outputs(self.classes)
        self._seed = seed

    def network(self) -> TrainableChain:
        return TrainableChain(self._architecture, self._seed)

    def measures(
        self, network: TrainableChain, batch: Mapping[str, tf.Tensor], training: bool
    ) -> dict[str, tf.Tensor]:
        logits, target = network(batch["image"], training=training), batch[TARGET]
        smooth = SMOOTHING if training else 0.0
        wanted = (1 - smooth) * tf.one_hot(target, self.classes) + smooth / self.classes
        loss = tf.nn.softmax_cross_entropy_with_logits(wanted, logits)
        right = tf.argmax(logits, 1, tf.int64) == tf.cast(target, tf.int64)
        return {"loss": loss, "accuracy": tf.cast(right, tf.float32)}

    @property
    def examples(self) -> int:
        return len(self._train.images)

    def training(self, batch_size: int, seed: int, steps: range) -> tf.data.Dataset:
        data = training_batches(self._train, batch_size=batch_size, seed=seed, steps=steps)
        numbered = tf.data.Dataset.zip(data, tf.data.Dataset.range(steps.start, steps.stop))

        def augment(batch: dict[str, tf.Tensor], step: tf.Tensor) -> dict[str, tf.Tensor]:
            return batch | {
                "image": flip_and_shift(batch["image"], tf.stack([tf.cast(seed, tf.int64), step]))
            }

        augmented = numbered.map(augment, num_parallel_calls=2, deterministic=True).prefetch(2)
        augmented.source = self._train
        return augmented

    def validation(self, batch_size: int) -> tf.data.Dataset:
        return batches(self._validation, batch_size)

    def example_grid(self) -> np.ndarray:
        rows = example_rows(self._train, 8)
        images = self._train.images[rows].astype(np.float32) / 255
        views = [flip_and_shift(tf.constant(images), (0, row)).numpy() for row in range(4)]
        return np.round(255 * np.stack([images, *views])).astype(np.uint8)

    def result(self, model: keras.Model) -> dict[str, float]:
        test: Split = labelled(self._splits, "test")
        scores = model.evaluate(batches(test, 256), return_dict=True, verbose=0)
        return {"test_accuracy": float(scores["accuracy"])}


def check_classes(task: str | None, name: str) -> None:
    """Raises InputError if a dataset's labels are no classes."""
    if task != "classification":
        raise InputError(
            "training from labels needs classes",
            got=f"{name}, which has {'positions' if task else 'no labels'}",
            accepted="images in one folder a class, or --labels FILE.csv; without labels: exemplar_cnn",
        )


def make(config: TrainConfig, splits: Splits) -> ClassificationObjective:
    """The objective that `config` asks for."""
    return ClassificationObjective(splits, str(config.comparator), config.seed)
