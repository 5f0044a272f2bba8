"""The tuner: runs trials until its oracle has no more, alone or as one of several processes."""

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
from tfdeepsim.tuning.hypermodel import EARLIER_TRIAL, INITIAL_EPOCH, LAST_EPOCH, ProbeHyperModel
from tfdeepsim.tuning.interrupts import Interrupts
from tfdeepsim.tuning.oracles import make_oracle
from tfdeepsim.tuning.problem import Problem
from tfdeepsim.tuning.settings import SearchSettings

# Time between two requests for a trial.
_INTERVAL_SECONDS = 0.2


class ProbeTuner(keras_tuner.Tuner):
    """The tuner of keras-tuner for probes.

    Its state is in the search directory, from which a new tuner resumes the search. The environment
    variables of `cluster.py` decide whether it is the chief of several processes, a worker, or
    alone.

    Args:
        problem: Examples and loss.
        settings: Settings of the search.
        directory: Directory for trials, checkpoints and the files of TensorBoard.
        on_trial: Called after each trial, and once before the first.

    Example:
        >>> tuner = ProbeTuner(problem, SearchSettings(trials=10), SearchDirectory("search"))
        >>> tuner.run()
    """

    def __init__(
        self,
        problem: Problem,
        settings: SearchSettings,
        directory: SearchDirectory,
        on_trial: Callable[["ProbeTuner"], None] = lambda tuner: None,
    ):
        self.settings = settings
        self.search_directory = directory
        self.on_trial = on_trial
        self._last_request = 0.0
        self._interrupts = Interrupts()
        with silence():
            super().__init__(
                oracle=make_oracle(settings),
                hypermodel=ProbeHyperModel(problem, settings.seed),
                directory=str(directory.trials.parent),
                project_name=directory.trials.name,
            )

    def run(self) -> None:
        """Run trials until there are no more; a chief hands them out instead.

        Raises:
            Exception: Any error of a trial other than a diverged probe.
            KeyboardInterrupt: After Ctrl-C, between two training steps or two trials. Finished
                trials are kept; the running one starts again when the search is resumed.
        """
        stopping = keras.callbacks.EarlyStopping(
            "val_loss", patience=self.settings.patience, mode="min"
        )
        tensorboard = keras.callbacks.TensorBoard(
            str(self.search_directory.tensorboard), write_graph=False
        )
        try:
            with Interrupts() as self._interrupts, _quiet_tensorflow():
                self.search(
                    epochs=self.settings.epochs, callbacks=[stopping, tensorboard], verbose=0
                )
        except FatalError as error:
            raise error.__cause__ or error from None

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> Any:
        # A trial that is sent to a worker gains default values of inactive hyperparameters.
        trial.hyperparameters.ensure_active_values()
        values = trial.hyperparameters.values
        if LAST_EPOCH in values:
            kwargs |= {"epochs": values[LAST_EPOCH], "initial_epoch": values[INITIAL_EPOCH]}
        # The trial may have been interrupted before.
        shutil.rmtree(self.search_directory.tensorboard / trial.trial_id, ignore_errors=True)
        return super().run_trial(trial, *args, **kwargs)

    def _run_and_update_trial(self, trial: Any, *args: Any, **kwargs: Any) -> None:
        try:
            super()._run_and_update_trial(trial, *args, **kwargs)
        except FailedTrialError:
            raise
        except Exception as error:
            # keras-tuner would count any error as a failed trial, also a full disk or a bug.
            raise FatalError(str(error)) from error

    def on_batch_end(self, trial: Any, model: Any, batch: int, logs: Any = None) -> None:
        self._interrupts.check()

    def on_search_begin(self) -> None:
        self.on_trial(self)

    def on_trial_end(self, trial: Any) -> None:
        super().on_trial_end(trial)
        self.on_trial(self)

    def pre_create_trial(self) -> None:
        """Wait between two requests for a trial, which keras-tuner repeats without a pause."""
        self._interrupts.check()
        wait = self._last_request + _INTERVAL_SECONDS - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._last_request = time.monotonic()

    def save(self) -> None:
        if not self._is_worker():
            self.oracle.save()

    def reload(self) -> None:
        if not self._is_worker():
            self.oracle.reload()

    def _get_tuner_fname(self) -> str:
        # keras-tuner resumes a search if this file exists. The file of the oracle exists both in a
        # search by one process and in one by many.
        return str(Path(self.project_dir, "oracle.json"))

    def _get_checkpoint_fname(self, trial_id: str) -> str:
        return str(Path(self.get_trial_dir(trial_id), "checkpoint.npz"))

    def _populate_initial_space(self) -> None:
        """Build no model to find the hyperparameters, which the oracle has already."""

    def _build_hypermodel(self, hp: Any) -> keras.Model:
        model = super()._build_hypermodel(hp)
        if EARLIER_TRIAL in hp.values:  # Hyperband continues an earlier trial
            model.load_weights(self._get_checkpoint_fname(hp.values[EARLIER_TRIAL]))
        return model


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """A context in which nothing is printed through `sys.stdout`, e.g. by keras-tuner."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


@contextlib.contextmanager
def _quiet_tensorflow() -> Iterator[None]:
    """A context without warnings of TensorFlow, which dislikes a new trace for every trial."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)
