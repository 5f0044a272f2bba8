"""Objective of AlexNet: classification of labelled images."""

import dataclasses
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.comparators.weights.alexnet_convolutions import alexnet_convolutions
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.splits.examples import example_rows
from tfdeepsim.data.splits.labelled import TARGET, labelled
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.pixels import to_bytes, to_floats
from tfdeepsim.pretraining.crops import flip_and_shift
from tfdeepsim.pretraining.objective import Objective
from tfdeepsim.pretraining.trainable_chain import TrainableChain, sized

MINIMUM_SIZE = 64
"""Smallest height and width of images in pixels: smaller maps end before AlexNet's last pooling."""

SMOOTHING = 0.1
"""Label smoothing in training: the share of the weight that is spread over all classes."""


class ClassificationObjective(Objective):
    """Cross-entropy of class labels, on randomly flipped and shifted images.

    The network is trained on `probe_train`, selected by its accuracy on `probe_validation`, and
    scored on `test`. All layers are saved; `fc8` has one output for each class.

    Args:
        splits: Splits of a dataset with classes.
        name: Name of the network, e.g. `alexnet`.
        seed: Seed of the initial weights and of dropout.
        convolutions: `random`, or with the weights of the bundled AlexNet `frozen` or `finetuned`.

    Raises:
        InputError: If the labels are not classes, the images are too small, or the bundled weights
            are missing or damaged.

    Example:
        >>> objective = ClassificationObjective(splits, "alexnet", seed=0)
        >>> model = Pretext(objective.network(), objective)
    """

    name = "supervised"
    last_saved_layer = "fc8"
    measure_names = ("loss", "accuracy")
    monitor = "val_accuracy"
    saw_labels = True

    def __init__(self, splits: Splits, name: str, seed: int, convolutions: str = "random"):
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
        whole = ARCHITECTURES[name]
        to_logits = dataclasses.replace(whole, layers=whole.up_to(self.last_saved_layer))
        self._architecture = sized(to_logits, side).with_outputs(self.classes)
        self._seed = seed
        self._kernels: Mapping[str, tuple[np.ndarray, np.ndarray]] = {}
        if convolutions != "random":
            self._kernels, self.initial_weights = alexnet_convolutions()
        self._frozen = tuple(self._kernels) if convolutions == "frozen" else ()

    def network(self) -> TrainableChain:
        network = TrainableChain(self._architecture, self._seed, frozen=self._frozen)
        for name, values in self._kernels.items():
            for variable, value in zip(network.parameters[name], values, strict=True):
                variable.assign(value)
        return network

    def measures(
        self, network: TrainableChain, batch: Mapping[str, tf.Tensor], training: bool
    ) -> dict[str, tf.Tensor]:
        logits, target = network(batch["image"], training=training), batch[TARGET]
        smooth = SMOOTHING if training else 0.0
        probabilities = (1 - smooth) * tf.one_hot(target, self.classes) + smooth / self.classes
        loss = tf.nn.softmax_cross_entropy_with_logits(probabilities, logits)
        correct = tf.argmax(logits, 1, tf.int64) == tf.cast(target, tf.int64)
        return {"loss": loss, "accuracy": tf.cast(correct, tf.float32)}

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
        """Images as they are, and below them randomly flipped and shifted."""
        images = to_floats(self._train.images[example_rows(self._train, 8)])
        views = [flip_and_shift(tf.constant(images), (0, row)) for row in range(4)]
        return to_bytes(np.stack([images, *views]))

    def result(self, model: keras.Model) -> dict[str, float]:
        test: Split = labelled(self._splits, "test")
        scores = model.evaluate(batches(test, 256), return_dict=True, verbose=0)
        return {"test_accuracy": float(scores["accuracy"])}


def check_classes(task: str | None, name: str) -> None:
    """Refuse a dataset whose labels are not classes.

    Args:
        task: Task of the dataset: `classification`, `regression`, or None without labels.
        name: Name of the dataset.

    Raises:
        InputError: If the task is not `classification`.
    """
    if task != "classification":
        raise InputError(
            "training from labels needs classes",
            got=f"{name}, which has {'positions' if task else 'no labels'}",
            accepted="images in one folder a class, or --labels FILE.csv; "
            "without labels: exemplar_cnn",
        )


def make(config: TrainConfig, splits: Splits) -> ClassificationObjective:
    """Build the objective of `config`."""
    return ClassificationObjective(splits, str(config.comparator), config.seed, config.convolutions)
