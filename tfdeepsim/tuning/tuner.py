"""The tuner: runs trials until its oracle has no more, alone, or as one of several processes."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import tensorflow as tf
from keras_tuner.errors import FailedTrialError, FatalError

from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.interrupts import Interrupts
from tfdeepsim.tuning.oracles import make_oracle
from tfdeepsim.tuning.probe import FIRST_EPOCH, LAST_EPOCH, TRIAL_OF, ProbeModel
from tfdeepsim.tuning.problem import Problem
from tfdeepsim.tuning.settings import SearchSettings

# How long a process waits that has to be given its next trial yet.
_PAUSE = 0.2


class ProbeTuner(keras_tuner.Tuner):
    """keras-tuner's tuner for probes.

    What it knows lies in the search directory, and is taken up from there. The environment
    variables of `cluster.py` decide whether it is the chief of several, a worker, or alone.

    Args:
        problem: What is learned.
        settings: Of the search.
        directory: Where trials, checkpoints and TensorBoard's files go.
        on_trial: Called after each trial, and once before the first.
    """

    def __init__(
        self,
        problem: Problem,
        settings: SearchSettings,
        directory: SearchDirectory,
        on_trial: Callable[["ProbeTuner"], None] = lambda tuner: None,
    ):
        self.settings = settings
        self.places = directory
        self.on_trial = on_trial
        self._asked = 0.0
        self._interrupts = Interrupts()
        with silence():
            super().__init__(
                oracle=make_oracle(settings),
                hypermodel=ProbeModel(problem, settings.seed),
                directory=str(directory.trials.parent),
                project_name=directory.trials.name,
            )

    def run(self) -> None:
        """Run trials until there are no more; as a chief, hand them out.

        Raises:
            Exception: What a trial raised, where that was more than a diverged probe.
            KeyboardInterrupt: After Ctrl-C, between two steps of training or two trials. A trial
                that ended is kept; the one that ran begins again when the search goes on.
        """
        stopping = keras.callbacks.EarlyStopping(
            "val_loss", patience=self.settings.patience, mode="min"
        )
        board = keras.callbacks.TensorBoard(str(self.places.tensorboard), write_graph=False)
        try:
            with Interrupts() as self._interrupts, _quiet_tensorflow():
                self.search(epochs=self.settings.epochs, callbacks=[stopping, board], verbose=0)
        except FatalError as error:
            raise error.__cause__ or error from None

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
        # On its way to a worker a trial gains the default values of hyperparameters that it does
        # not have.
        trial.hyperparameters.ensure_active_values()
        values = trial.hyperparameters.values
        if LAST_EPOCH in values:
            kwargs |= {"epochs": values[LAST_EPOCH], "initial_epoch": values[FIRST_EPOCH]}
        # Of a trial that was begun before and not ended.
        shutil.rmtree(self.places.tensorboard / trial.trial_id, ignore_errors=True)
        try:
            return super().run_trial(trial, *args, **kwargs)
        except FailedTrialError:
            raise
        except Exception as error:
            # keras-tuner would count it as a failed trial; a full disk or a fault in the code is
            # none.
            raise FatalError(str(error)) from error

    def on_batch_end(self, trial: Any, model: Any, batch: int, logs: Any = None) -> None:
        self._interrupts.check()

    def on_search_begin(self) -> None:
        self.on_trial(self)

    def on_trial_end(self, trial: Any) -> None:
        super().on_trial_end(trial)
        self.on_trial(self)

    def pre_create_trial(self) -> None:
        """Ask for trials at intervals, where one must be waited for; keras-tuner asks without a
        pause."""
        self._interrupts.check()
        wait = self._asked + _PAUSE - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._asked = time.monotonic()

    def save(self) -> None:
        if not self._is_worker():
            self.oracle.save()

    def reload(self) -> None:
        if not self._is_worker():
            self.oracle.reload()

    def _get_tuner_fname(self) -> str:
        # Whether there is something to go on with depends on the oracle alone, which is the same
        # whether one process searches or many.
        return str(Path(self.project_dir, "oracle.json"))

    def _populate_initial_space(self) -> None:
        """The oracle knows the space from the beginning; no model is built to find it."""

    def _build_hypermodel(self, hp: Any) -> keras.Model:
        model = super()._build_hypermodel(hp)
        if TRIAL_OF in hp.values:  # Hyperband goes on with what an earlier trial reached
            model.load_weights(self._get_checkpoint_fname(hp.values[TRIAL_OF]))
        return model


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Let nothing be printed through `sys.stdout`: keras-tuner's notes, and numbers that it leaves
    there."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


@contextlib.contextmanager
def _quiet_tensorflow() -> Iterator[None]:
    """Every trial is another network and so another trace, which TensorFlow would warn of."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)
