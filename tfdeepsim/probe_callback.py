"""A probe on the embeddings of a model while it is trained by `fit`."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tfdeepsim.batches import over_batches
from tfdeepsim.errors import InputError
from tfdeepsim.probes.probe import probe


class ProbeCallback(keras.callbacks.Callback):
    """Logs the score of a probe on the embeddings of some images every few epochs.

    The logs get `probe_accuracy` for class labels or `probe_l1` for numbers, and `probe_chance`, so
    that `keras.callbacks.EarlyStopping(monitor="probe_accuracy", mode="max")`, TensorBoard and the
    history see them; place this callback before them. Epochs without a probe repeat the last score,
    since early stopping needs a value in each epoch. The first epoch always has a probe.

    Args:
        images: What the model takes, [N, ...]; the same examples each time, of which some train the
            probe and others score it.
        labels: Classes of any type, [N], or floats to regress, [N, K], as for `tfdeepsim.probe`.
        every: Number of epochs between two probes.
        kind: Kind of the probe, see `tfdeepsim.probe`.
        embed: The embedding: None for the output of the model, the name of a layer of a functional
            or Sequential model, or a function from a batch [n, ...] to an array.
        seed: Seed of the division into train and test, and of the probe.

    Raises:
        InputError: If `every` is below 1, or images and labels differ in number. When training
            begins, if the model has no such layer.

    Example:
        >>> callback = tds.ProbeCallback(photos, classes, every=5, embed="embedding")
        >>> callback.every
        5
    """

    def __init__(
        self,
        images: Any,
        labels: Any,
        every: int = 1,
        kind: str = "linear",
        embed: str | Callable[[Any], Any] | None = None,
        seed: int = 0,
    ):
        super().__init__()
        if every < 1:
            raise InputError("every is a number of epochs", got=every, accepted="1 or more")
        if len(images) != len(labels):
            raise InputError(
                "a probe needs one label for each image",
                got=f"{len(images)} images and {len(labels)} labels",
                accepted="equal numbers",
            )
        self.images = np.asarray(images)
        self.labels = np.asarray(labels)
        self.every = every
        self.kind = kind
        self.embed = embed
        self.seed = seed
        self._scores: dict[str, float] = {}
        self._function: Callable[[Any], Any] = lambda batch: batch

    def on_train_begin(self, logs: Any = None) -> None:
        self._function = self._embedding()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch % self.every == self.every - 1 or not self._scores:
            embeddings = over_batches(self._function, self.images)
            embeddings = embeddings.reshape(len(embeddings), -1)
            result = probe(embeddings, self.labels, kind=self.kind, seed=self.seed)
            self._scores = {f"probe_{result.metric}": result.score, "probe_chance": result.chance}
        if logs is not None:
            logs.update(self._scores)

    def _embedding(self) -> Callable[[Any], Any]:
        if callable(self.embed):
            return self.embed
        network = self.model
        if self.embed is not None:
            names = [layer.name for layer in network.layers]
            if self.embed not in names or not getattr(network, "inputs", None):
                raise InputError(
                    "embed names a layer of a functional or Sequential model",
                    got=repr(self.embed),
                    accepted=", ".join(names),
                )
            inputs = network.inputs if len(network.inputs) > 1 else network.inputs[0]
            network = keras.Model(inputs, network.get_layer(self.embed).output)
        return lambda batch: network(batch, training=False)
