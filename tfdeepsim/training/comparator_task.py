"""Task: train a comparator."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.weights.formats.safetensors import write_safetensors_file
from tfdeepsim.comparators.weights.labels_seen import labels_of_training
from tfdeepsim.config import TrainConfig
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.data.pipeline import part_of
from tfdeepsim.files import replacing, write_json
from tfdeepsim.pretraining import make_objective
from tfdeepsim.pretraining.pretext import Pretext
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.task import Task
from tfdeepsim.training.tensorboard import RunTensorBoard

WARMUP = 0.05
"""Share of the steps in which the learning rate rises to its maximum."""


class ComparatorTask(Task):
    """Training of a comparator's network under the objective that belongs to it.

    Args:
        config, data: As `Task` takes them.

    Raises:
        InputError: If the images are not suited to the objective.

    Example:
        >>> task = ComparatorTask(TrainConfig(task="comparator", comparator="alexnet"))
        >>> model = build_model(task)
    """

    def __init__(self, config: TrainConfig, data: LazyDataset | None = None):
        super().__init__(config, data)
        self.objective = make_objective(config, self.splits)
        self.monitor = self.objective.monitor

    def model(self) -> Pretext:
        return Pretext(self.objective.network(), self.objective)

    def optimizer(self, steps: int) -> keras.optimizers.Optimizer:
        """Adam with a learning rate that rises during the first `WARMUP` and then decays as a
        cosine."""
        warmup_steps = max(1, round(WARMUP * steps))
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, steps - warmup_steps),
            warmup_target=self.config.learning_rate,
            warmup_steps=warmup_steps,
        )
        return keras.optimizers.Adam(schedule)

    @property
    def examples(self) -> int:
        return self.objective.examples

    def trial_batch(self) -> dict[str, tf.Tensor]:
        return next(iter(self.training(range(1))))

    def training(self, steps: range) -> tf.data.Dataset:
        config = self.config
        return part_of(self.objective.training(config.batch_size, config.seed, steps), self.shard)

    def validation(self) -> tf.data.Dataset:
        # All of them on every worker: a last batch may have fewer examples than there are workers.
        return self.objective.validation(self.config.batch_size)

    def plan(self, model: Pretext) -> dict[str, str]:
        network = model.trained_network
        parameters = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
        trained = " to train" if network.frozen else ""
        rows = {
            "model": f"{network.architecture.name}, {parameters:,} parameters{trained}",
            "objective": self.objective.name,
        }
        if self.objective.initial_weights:
            rows["convolutions"] = f"those of ImageNet's AlexNet, {self.config.convolutions}"
        return rows

    def record(self, model: Pretext) -> dict[str, Any]:
        return {
            "parameters": model.trained_network.count_params(),
            "objective": self.objective.name,
            "initial_weights": self.objective.initial_weights,
        }

    def callbacks(self, run: RunDirectory, epochs: int) -> list[keras.callbacks.Callback]:
        examples = self.objective.example_grid()
        return [RunTensorBoard(run, lambda model, images: images, examples, "training examples")]

    def finish(self, run: RunDirectory, model: Pretext, best: Mapping[str, Any]) -> None:
        """Write `comparator.safetensors`, with a record of its training in its header."""
        initial_weights = self.objective.initial_weights or {}
        result = {self.monitor: best[self.monitor], **self.objective.result(model)}
        trained = {
            "comparator": self.config.comparator,
            "objective": self.objective.name,
            "dataset": self.config.dataset,
            "fingerprint": self.dataset.fingerprint,
            "saw_labels": self._saw_labels(),
            "probe_classes": self.config.probe_classes,
            "convolutions": self.config.convolutions,
            "initial_weights_sha256": initial_weights.get("sha256"),
            "image_size": self.description.image_shape[0],
            "seed": self.config.seed,
            "epoch": best["epoch"],
            **result,
        }
        with replacing(run.comparator) as new:
            header = {name: str(value) for name, value in trained.items()}
            tensors = model.trained_network.tensors(self.objective.last_saved_layer)
            write_safetensors_file(new, tensors, header)
        write_json(run.result, trained)

    def _saw_labels(self) -> str | None:
        """Datasets whose labels the network was trained with, as `labels_seen` returns them."""
        before = (self.objective.initial_weights or {}).get("saw_labels")
        if not self.objective.saw_labels:
            return before
        return labels_of_training(self.config.dataset, self.config.probe_classes, before)
