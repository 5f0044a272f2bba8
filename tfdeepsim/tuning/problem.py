"""Training and validation examples of every trial of a search, and their loss and metric."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing, write_json
from tfdeepsim.numpy_files import read_npy
from tfdeepsim.probes import PROBE_SETTINGS
from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.probes.metrics import METRICS
from tfdeepsim.probes.mlp.heads import make_head


class Problem:
    """Examples and loss of a probe, as the fixed suite of MLP probes has them.

    Args:
        task: `regression` or `classification`.
        train: Checked examples of probe-train, from `check_splits`.
        validation: Checked examples of probe-validation.
        probe_settings: Name of the settings of the suite, one of `PROBE_SETTINGS`.

    Attributes:
        task: `regression` or `classification`.
        metric: First metric of the task: `l1` (in label units) or `accuracy`.
        inputs: Number of columns of an embedding.
        head: Head that encodes labels and decodes outputs.
        standardizer: Standardizer of embeddings, by probe-train; changes nothing if the suite does
            not standardise them.
        train: Standardised embeddings of probe-train, float32 [N, inputs], and encoded labels.
        validation: The same of probe-validation.
        label_scale: Label units in a unit of each encoded coordinate; None for classification.

    Example:
        >>> problem = Problem("regression", splits["train"], splits["validation"])
        >>> tuner = ProbeTuner(problem, SearchSettings(), SearchDirectory("search"))
    """

    def __init__(
        self,
        task: str,
        train: EmbeddingSplit,
        validation: EmbeddingSplit,
        probe_settings: str = "standard",
    ):
        fields = PROBE_SETTINGS[probe_settings]
        self.task = task
        self.metric = METRICS[task][0]
        self.inputs = train.embeddings.shape[1]
        raw_targets = fields.get("raw_targets", False)
        self.head = make_head(task, train, validation, raw_targets)
        self.standardizer = (
            Standardizer(train.embeddings)
            if fields.get("standardize", True)
            else Standardizer.identity(self.inputs)
        )
        self.train, self.validation = (
            EmbeddingSplit(
                self.standardizer.apply(split.embeddings), self.head.encode(split.labels)
            )
            for split in (train, validation)
        )
        self.label_scale = None
        if task == "regression":
            scale = Standardizer(train.labels).scale
            self.label_scale = np.ones_like(scale) if raw_targets else scale

    def loss(self, encoded: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """Loss of each example, float32 [B], with the order of arguments of losses in Keras."""
        # Keras converts all labels to floats.
        return self.head.loss(outputs, tf.cast(encoded, self.train.labels.dtype))

    def score(self, encoded: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """`metric` of each example, float32 [B]."""
        if self.task == "classification":
            classes = tf.argmax(encoded, axis=-1) if self.train.labels.ndim == 2 else encoded
            hits = tf.argmax(outputs, axis=-1) == tf.cast(classes, tf.int64)
            return tf.cast(hits, tf.float32)
        return tf.reduce_sum(
            tf.abs(outputs - encoded) * tf.cast(self.label_scale, tf.float32), axis=-1
        )


def fingerprint(task: str, splits: Mapping[str, EmbeddingSplit]) -> str:
    """SHA-256 of checked examples, which changes with any embedding or label."""
    digest = hashlib.sha256(task.encode())
    for name, split in splits.items():
        for array in split:
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def save_problem(
    folder: Path, task: str, train: EmbeddingSplit, validation: EmbeddingSplit
) -> None:
    """Write the examples that workers train on, without those of the test split.

    Args:
        folder: Folder to write or replace.
        task: `regression` or `classification`.
        train: Checked examples of probe-train.
        validation: Checked examples of probe-validation.
    """
    with replacing(folder) as new:
        new.mkdir()
        for name, split in (("train", train), ("validation", validation)):
            for field, array in zip(EmbeddingSplit._fields, split, strict=True):
                np.save(new / f"{name}_{field}.npy", array)
        write_json(new / "task.json", task)


def load_problem(folder: Path, probe_settings: str = "standard") -> Problem:
    """Read what `save_problem` wrote; arrays are memory-mapped until they are standardised.

    Args:
        folder: Folder that `save_problem` wrote.
        probe_settings: As for `Problem`.

    Raises:
        InputError: If the folder does not exist or cannot be read.
    """

    def split(name: str) -> EmbeddingSplit:
        arrays: list[Any] = [
            read_npy(folder / f"{name}_{field}.npy", mapped=True)
            for field in EmbeddingSplit._fields
        ]
        return EmbeddingSplit(*arrays)

    try:
        task = json.loads((folder / "task.json").read_text())
        return Problem(task, split("train"), split("validation"), probe_settings)
    except (OSError, ValueError) as error:
        raise InputError(
            "a worker reads the examples that its chief wrote",
            got=f"{folder} ({error})",
            accepted="the --directory of the chief, on a disk that both share",
        ) from error
