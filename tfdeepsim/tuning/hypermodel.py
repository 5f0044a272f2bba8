"""The probe of a trial, built and trained by Keras as its hyperparameters say."""

import hashlib
import json
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np

from tfdeepsim.arrays import assign, load_arrays, save_arrays
from tfdeepsim.probes.mlp.perceptron import NEGATIVE_SLOPE
from tfdeepsim.tuning.problem import Problem
from tfdeepsim.tuning.space import Design, design_of

_VALIDATION_BATCH = 4096
# Many training steps in one call save the overhead of calls.
_MAX_STEPS_PER_CALL = 256

EARLIER_TRIAL, INITIAL_EPOCH, LAST_EPOCH = "tuner/trial_id", "tuner/initial_epoch", "tuner/epochs"
"""Hyperparameters that Hyperband adds: the trial whose weights a trial continues, and the epochs
between which it trains."""


class TrialProbe(keras.Sequential):
    """A probe that keeps weights and optimizer in one file of arrays, written completely or not at
    all. HDF5, which Keras uses, can crash on a full disk."""

    def save_weights(self, filepath: str | os.PathLike, *_: Any, **__: Any) -> None:
        save_arrays(filepath, [variable.numpy() for variable in self._state()], {})

    def load_weights(self, filepath: str | os.PathLike, *_: Any, **__: Any) -> None:
        earlier = Path(filepath).with_name("checkpoint.weights.h5")
        if earlier.is_file() and not Path(filepath).exists():  # of an earlier version
            super().load_weights(earlier)
            return
        arrays = load_arrays(filepath)[0]
        assign(self._state(), arrays, filepath)

    def _state(self) -> list[keras.Variable]:
        return [*self.weights, *self.optimizer.variables]


def build_probe(design: Design, inputs: int, outputs: int) -> TrialProbe:
    """Build an untrained probe.

    Args:
        design: Architecture of the probe.
        inputs: Number of columns of an embedding.
        outputs: Number of outputs.

    Returns:
        A model from embeddings [B, inputs] to outputs [B, outputs].
    """
    layers: list[keras.layers.Layer] = [keras.Input((inputs,), name="embeddings")]
    for width in design.hidden:
        layers += [keras.layers.Dense(width), _activation(design.activation)]
        if design.dropout:
            layers.append(keras.layers.Dropout(design.dropout))
    return TrialProbe([*layers, keras.layers.Dense(outputs)])


def _activation(name: str) -> keras.layers.Layer:
    if name == "leaky_relu":  # the default slope of Keras is 0.3
        return keras.layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE)
    return keras.layers.Activation(name)


class ProbeHyperModel(keras_tuner.HyperModel):
    """Builds and trains the probe of a trial for keras-tuner.

    All random numbers of a trial depend only on the seed of the search and the hyperparameters of
    the trial, so that a repeated trial ends with the same loss in any process.

    Args:
        problem: Examples and loss.
        seed: Seed of the search.

    Example:
        >>> hypermodel = ProbeHyperModel(problem, seed=0)
        >>> result = hypermodel.fit(hp, hypermodel.build(hp), epochs=10)
    """

    def __init__(self, problem: Problem, seed: int):
        super().__init__(name="probe")
        self.problem = problem
        self.seed = seed

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Sequential:
        """A compiled probe with fresh weights."""
        design = design_of(hp.values)
        keras.utils.set_random_seed(trial_seed(self.seed, design, hp.values.get(INITIAL_EPOCH, 0)))
        model = build_probe(design, self.problem.inputs, self.problem.head.outputs)
        score = keras.metrics.MeanMetricWrapper(self.problem.score, name=self.problem.metric)
        steps = math.ceil(len(self.problem.train.labels) / design.batch_size)
        model.compile(
            keras.optimizers.AdamW(design.learning_rate, weight_decay=design.weight_decay),
            self.problem.loss,
            metrics=[score],
            steps_per_execution=min(steps, _MAX_STEPS_PER_CALL),
            jit_compile=False,
        )
        # A trial that continues another one also loads the variables of its optimizer.
        model.optimizer.build(model.trainable_variables)
        return model

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Sequential,
        *,
        epochs: int,
        initial_epoch: int = 0,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        **_: Any,
    ) -> dict[str, float]:
        """Train the probe, and report the epoch of lowest validation loss.

        Args:
            hp: Hyperparameters of the trial.
            model: Probe that `build` returned.
            epochs: Epoch to train to.
            initial_epoch: Epoch to start from, counted from 0.
            callbacks: Callbacks of Keras.

        Returns:
            `val_loss` and the validation metric, by its name, at that epoch; `epochs`, the number
            of epochs trained; and `seconds`, the time that they took.

        Raises:
            FailedTrialError: If the validation loss was never finite.
        """
        begin = time.perf_counter()
        history = model.fit(
            *self.problem.train,
            batch_size=design_of(hp.values).batch_size,
            epochs=epochs,
            initial_epoch=initial_epoch,
            validation_data=tuple(self.problem.validation),
            validation_batch_size=_VALIDATION_BATCH,
            callbacks=list(callbacks),
            verbose=0,
        ).history
        losses = np.array(history["val_loss"], np.float64)
        if not np.isfinite(losses).any():
            raise keras_tuner.errors.FailedTrialError("the validation loss was never finite")
        best = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
        metric = f"val_{self.problem.metric}"
        return {
            "val_loss": losses[best],
            metric: history[metric][best],
            "epochs": len(losses),
            "seconds": time.perf_counter() - begin,
        }


def trial_seed(seed: int, design: Design, first_epoch: int = 0) -> int:
    """Seed of a trial.

    Args:
        seed: Seed of the search.
        design: Architecture and training settings of the probe.
        first_epoch: Epoch that the trial starts from.

    Returns:
        A number from 0 to 2^32 - 1.
    """
    text = json.dumps([seed, repr(design), first_epoch])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
