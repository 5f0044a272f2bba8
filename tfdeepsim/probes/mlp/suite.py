"""A suite of MLP probes on one set of embeddings, trained side by side."""

import dataclasses
import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.probes.data.splits import EmbeddingSplit, check_splits
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.probes.mlp.batch import MlpBatch
from tfdeepsim.probes.mlp.epoch import compile_epoch, data_order
from tfdeepsim.probes.mlp.fitted_suite import FittedSuite
from tfdeepsim.probes.mlp.heads import Head, make_head
from tfdeepsim.probes.mlp.perceptron import initial_parameters
from tfdeepsim.probes.mlp.probe import MlpProbe

HIDDEN = ((), (32,), (64,), (32, 32), (64, 32), (64, 64), (128, 128))
"""Hidden layers of the seven architectures in the public code of Pihlgren et al."""

_LEAST = {"epochs": 1, "batch_size": 1, "patience": 1, "seeds": 1, "first_seed": 0}
_MOST_SEEDS = 1000


@dataclasses.dataclass(frozen=True)
class MlpSuite:
    """MLPs of several architectures and seeds, all trained on the same embeddings.

    Source: Pihlgren et al. 2020, §2 and Table 1.

    Each MLP ends as if it were trained alone: its initial weights depend on its seed and widths,
    and its order of examples on its seed and the epoch. MLPs of one architecture are stacked, so
    that one graph trains an epoch of the whole suite. Every example is used once in an epoch; the
    last mini-batch is smaller if the batch size does not divide their number. An MLP keeps the
    weights of its lowest validation loss, and stops after `patience` epochs without a lower one;
    training ends when all have stopped.

    Attributes:
        hidden: Widths of the hidden layers of each architecture; `()` is a linear model.
        epochs: Maximum number of epochs of an MLP.
        batch_size: Number of examples in a mini-batch.
        learning_rate: Learning rate of Adam.
        patience: Number of epochs without a lower validation loss after which an MLP stops.
        seeds: Number of MLPs of each architecture.
        first_seed: Seed of the first MLP of each architecture; the others count up from it.
        standardize: Whether each column of the embeddings is brought to the mean 0 and standard
            deviation 1 of probe-train.
        raw_targets: Whether the MLPs are trained by the mean squared error to labels as they are:
            numbers in label units, classes as one-hot vectors. Otherwise numbers are standardised
            first, and classes are trained by cross-entropy.

    Raises:
        InputError: If a setting is out of its range.

    Example:
        >>> suite = MlpSuite(hidden=[(), (64,)], seeds=3)
        >>> fitted = suite.fit((train_z, train_y), (validation_z, validation_y), "regression")
    """

    hidden: Sequence[Sequence[int]] = HIDDEN
    epochs: int = 500
    batch_size: int = 256
    learning_rate: float = 1e-3
    patience: int = 25
    seeds: int = 5
    first_seed: int = 0
    standardize: bool = True
    raw_targets: bool = False

    def __post_init__(self) -> None:
        settings: dict[str, Any] = {
            name: _whole_number(name, getattr(self, name), least) for name, least in _LEAST.items()
        }
        if settings["seeds"] > _MOST_SEEDS:
            raise InputError(
                "all seeds of a probe are trained at once",
                got=f"{self.seeds} seeds",
                accepted=f"1 to {_MOST_SEEDS}",
            )
        settings["hidden"] = _architectures(self.hidden)
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise InputError(
                "learning_rate must be positive", got=self.learning_rate, accepted="e.g. 0.001"
            )
        for name, value in settings.items():
            object.__setattr__(self, name, value)

    @property
    def size(self) -> int:
        """Number of MLPs."""
        return len(self.hidden) * self.seeds

    @property
    def settings(self) -> dict[str, Any]:
        """The attributes, as JSON values; `raw_targets` only if it is true."""
        settings = dataclasses.asdict(self) | {"hidden": [list(widths) for widths in self.hidden]}
        if not self.raw_targets:
            # Earlier versions did not record it, and their results are still reused.
            del settings["raw_targets"]
        return settings

    def fit(
        self,
        train: tuple[Any, Any],
        validation: tuple[Any, Any],
        task: str = "regression",
        on_epoch: Callable[[int, int], None] | None = None,
    ) -> FittedSuite:
        """Train all MLPs.

        Args:
            train: Embeddings [N, D] and labels of probe-train, as `check_splits` takes them.
            validation: The same for probe-validation; decides when an MLP stops and which one is
                chosen, and is never trained on.
            task: `"regression"` (squared error on labels standardised by probe-train) or
                `"classification"` (softmax cross-entropy); see `raw_targets` for the alternative.
            on_epoch: Called after each epoch with its number, counted from 1, and the number of
                MLPs that still train.

        Returns:
            All MLPs, with one chosen for each seed.

        Raises:
            InputError: As `check_splits` does, or if no MLP of a seed reaches a finite loss.
        """
        splits = check_splits(task, train=train, validation=validation)
        head = make_head(task, splits["train"], splits["validation"], self.raw_targets)
        standardizer = Standardizer(splits["train"].embeddings) if self.standardize else None
        encoded = {name: _encode(split, standardizer, head) for name, split in splits.items()}
        probes = self._untrained_probes(splits["train"].embeddings.shape[1], head.outputs)
        self._train(probes, encoded["train"], encoded["validation"], head, on_epoch)
        return FittedSuite(probes, standardizer, head)

    def _untrained_probes(self, inputs: int, outputs: int) -> list[MlpProbe]:
        all_widths = [(inputs, *hidden, outputs) for hidden in self.hidden]
        return [
            MlpProbe(seed, widths, initial_parameters(widths, seed))
            for widths in all_widths
            for seed in self._seeds()
        ]

    def _seeds(self) -> range:
        return range(self.first_seed, self.first_seed + self.seeds)

    def _train(
        self,
        probes: list[MlpProbe],
        train: EmbeddingSplit,
        validation: EmbeddingSplit,
        head: Head,
        on_epoch: Callable[[int, int], None] | None,
    ) -> None:
        mlp_batches = [
            MlpBatch(probes[i : i + self.seeds], self._seeds())
            for i in range(0, len(probes), self.seeds)
        ]
        run_epoch = compile_epoch(
            mlp_batches, train, validation, head, self.batch_size, self.learning_rate
        )
        for epoch in range(1, self.epochs + 1):
            order = np.stack([data_order(seed, epoch, len(train.labels)) for seed in self._seeds()])
            for mlp_batch, losses in zip(mlp_batches, run_epoch(tf.constant(order)), strict=True):
                mlp_batch.record(losses.numpy(), self.patience)
            training = sum(len(mlp_batch.probes) for mlp_batch in mlp_batches)
            if on_epoch is not None:
                on_epoch(epoch, training)
            if not training:
                return


def _encode(split: EmbeddingSplit, standardizer: Standardizer | None, head: Head) -> EmbeddingSplit:
    z = standardizer.apply(split.embeddings) if standardizer else split.embeddings
    return EmbeddingSplit(z, head.encode(split.labels))


def _architectures(hidden: Any) -> tuple[tuple[int, ...], ...]:
    try:
        architectures = tuple(tuple(widths) for widths in hidden)
    except TypeError:
        architectures = ()
    if not architectures:
        raise InputError(
            "hidden must be a list of architectures",
            got=hidden,
            accepted="one or more, e.g. [[], [64], [64, 32]]",
        )
    return tuple(
        tuple(_whole_number("hidden width", width, 1) for width in widths)
        for widths in architectures
    )


def _whole_number(name: str, value: Any, least: int) -> int:
    if not isinstance(value, numbers.Integral) or not least <= int(value) < 2**31:
        raise InputError(
            f"{name} must be a whole number", got=value, accepted=f"{least} to {2**31 - 1}"
        )
    return int(value)
