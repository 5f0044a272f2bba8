"""The probe of a trial: built and trained by Keras, the same for the same hyperparameters."""

import hashlib
import json
import math
import time
from collections.abc import Sequence
from typing import Any

import keras
import keras_tuner
import numpy as np

from tfdeepsim.probes.mlp.perceptron import NEGATIVE_SLOPE
from tfdeepsim.tuning.problem import Problem
from tfdeepsim.tuning.space import Design, design_of

# Validation is a few batches at most; many training steps run as one call, which saves their
# overhead.
_VALIDATION_BATCH = 4096
_MOST_STEPS_A_CALL = 256
# What Hyperband tells a trial, which is no part of the probe.
TRIAL_OF, FIRST_EPOCH, LAST_EPOCH = "tuner/trial_id", "tuner/initial_epoch", "tuner/epochs"


def make_probe(design: Design, inputs: int, outputs: int) -> keras.Sequential:
    """An untrained probe, from embeddings [B, inputs] to outputs [B, outputs]."""
    layers: list[keras.layers.Layer] = [keras.Input((inputs,), name="embeddings")]
    for width in design.hidden:
        layers += [keras.layers.Dense(width), _activation(design.activation)]
        if design.dropout:
            layers.append(keras.layers.Dropout(design.dropout))
    return keras.Sequential([*layers, keras.layers.Dense(outputs)])


def _activation(name: str) -> keras.layers.Layer:
    if name == "leaky_relu":  # Keras' own default slope is 0.3
        return keras.layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE)
    return keras.layers.Activation(name)


class ProbeModel(keras_tuner.HyperModel):
    """How keras-tuner builds and trains the probe of a trial.

    All that is random in a trial follows from the search's seed and the trial's hyperparameters, so
    that a trial that is repeated, anywhere, ends at the same loss.

    Args:
        problem: What is learned.
        seed: Of the search.
    """

    def __init__(self, problem: Problem, seed: int):
        super().__init__(name="probe")
        self.problem = problem
        self.seed = seed

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Sequential:
        """A compiled probe with fresh weights."""
        design = design_of(hp.values)
        keras.utils.set_random_seed(trial_seed(self.seed, design, hp.values.get(FIRST_EPOCH, 0)))
        model = make_probe(design, self.problem.inputs, self.problem.head.outputs)
        score = keras.metrics.MeanMetricWrapper(self.problem.score, name=self.problem.metric)
        steps = math.ceil(len(self.problem.train.labels) / design.batch_size)
        model.compile(
            keras.optimizers.AdamW(design.learning_rate, weight_decay=design.weight_decay),
            self.problem.loss,
            metrics=[score],
            steps_per_execution=min(steps, _MOST_STEPS_A_CALL),
            jit_compile=False,
        )
        # A trial that goes on from another also loads the state of its optimizer, which must be
        # there.
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
        """Train, and report the epoch of lowest validation loss.

        Returns:
            `val_loss`, the validation metric by its name, `epochs` that were trained, and
            `seconds`.

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
    """A seed in 0 to 2^32 - 1, by the search's seed, a probe, and the epoch from which it goes
    on."""
    text = json.dumps([seed, repr(design), first_epoch])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
