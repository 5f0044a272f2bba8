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

    Attributes:
        task: `regression` or `classification`.
        metric: First metric of the task: `l1` (in label units) or `accuracy`.
        inputs: Number of columns of an embedding.
        head: Head that encodes labels and decodes outputs.
        standardizer: Standardizer of embeddings, by probe-train.
        train: Standardised embeddings of probe-train, float32 [N, inputs], and encoded labels.
        validation: The same of probe-validation.
        label_scale: Standard deviation of each coordinate of the labels of probe-train, in label
            units; None for classification.

    Example:
        >>> problem = Problem("regression", splits["train"], splits["validation"])
        >>> tuner = ProbeTuner(problem, SearchSettings(), SearchDirectory("search"))
    """

    def __init__(self, task: str, train: EmbeddingSplit, validation: EmbeddingSplit):
        self.task = task
        self.metric = METRICS[task][0]
        self.inputs = train.embeddings.shape[1]
        self.head = make_head(task, train, validation)
        self.standardizer = Standardizer(train.embeddings)
        self.train, self.validation = (
            EmbeddingSplit(
                self.standardizer.apply(split.embeddings), self.head.encode(split.labels)
            )
            for split in (train, validation)
        )
        self.label_scale = Standardizer(train.labels).scale if task == "regression" else None

    def loss(self, encoded: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """Loss of each example, float32 [B], with the order of arguments of losses in Keras."""
        if self.task == "classification":
            encoded = tf.cast(encoded, tf.int32)
        return self.head.loss(outputs, encoded)

    def score(self, encoded: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """`metric` of each example, float32 [B]."""
        if self.task == "classification":
            hits = tf.argmax(outputs, axis=-1, output_type=tf.int32) == tf.cast(encoded, tf.int32)
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


def load_problem(folder: Path) -> Problem:
    """Read what `save_problem` wrote; arrays are memory-mapped until they are standardised.

    Args:
        folder: Folder that `save_problem` wrote.

    Raises:
        InputError: If the folder does not exist or cannot be read.
    """

    def split(name: str) -> EmbeddingSplit:
        arrays: list[Any] = [
            np.load(folder / f"{name}_{field}.npy", mmap_mode="r", allow_pickle=False)
            for field in EmbeddingSplit._fields
        ]
        return EmbeddingSplit(*arrays)

    try:
        return Problem(
            json.loads((folder / "task.json").read_text()), split("train"), split("validation")
        )
    except (OSError, ValueError) as error:
        raise InputError(
            "a worker reads the examples that its chief wrote",
            got=f"{folder} ({error})",
            accepted="the --directory of the chief, on a disk that both share",
        ) from error
