"""The cost of a search, estimated before it starts."""

import contextlib
import dataclasses
import time

import keras
import keras_tuner

from tfdeepsim.duration import duration
from tfdeepsim.tuning.hypermodel import ProbeHyperModel
from tfdeepsim.tuning.problem import Problem
from tfdeepsim.tuning.settings import SearchSettings
from tfdeepsim.tuning.space import Design

# A probe of medium cost in the search space.
_TYPICAL = {"depth": 2, "width_1": 64, "width_2": 64, "learning_rate": 1e-3, "batch_size": 128}


@dataclasses.dataclass(frozen=True)
class SearchPlan:
    """Size and cost of a search.

    Attributes:
        settings: Settings of the search.
        examples: Number of training examples and of validation examples.
        inputs: Number of columns of an embedding.
        workers: Number of processes that run trials.
        seconds_per_trial: Time to start a trial, measured with a typical probe.
        seconds_per_epoch: Time of an epoch of that probe, measured.

    Example:
        >>> print(plan_search(problem, SearchSettings(trials=10), workers=1))
    """

    settings: SearchSettings
    examples: tuple[int, int]
    inputs: int
    workers: int
    seconds_per_trial: float
    seconds_per_epoch: float

    @property
    def most_seconds(self) -> float:
        """Time of the search if no trial stops early, and each worker is as fast as one alone."""
        trials, epochs = self.settings.most_trials, self.settings.most_epochs
        return (trials * self.seconds_per_trial + epochs * self.seconds_per_epoch) / self.workers

    def __str__(self) -> str:
        settings, (train, validation) = self.settings, self.examples
        return (
            f"{settings.tuner} search: at most {settings.most_trials} trials "
            f"of at most {settings.epochs} epochs, on {train} + {validation} embeddings "
            f"of {self.inputs} columns\n"
            f"at most about {duration(self.most_seconds)} with {self.workers} "
            f"{'process' if self.workers == 1 else 'processes'}; "
            f"{self.seconds_per_epoch:.2g} s an epoch as measured, and most trials stop early"
        )


def plan_search(problem: Problem, settings: SearchSettings, workers: int) -> SearchPlan:
    """Measure the time of a trial on this machine.

    Args:
        problem: Examples and loss.
        settings: Settings of the search.
        workers: Number of processes that will run trials.
    """
    hp = keras_tuner.HyperParameters()
    hp.values = {
        **_TYPICAL,
        "activation": "leaky_relu",
        "dropout": 0.2,
        "weight_decay": Design().weight_decay,
    }
    hypermodel = ProbeHyperModel(problem, settings.seed)
    begin = time.perf_counter()
    model = hypermodel.build(hp)
    timer = _EpochTimer()
    # A diverging probe takes the same time.
    with contextlib.suppress(keras_tuner.errors.FailedTrialError):
        hypermodel.fit(hp, model, epochs=3, callbacks=[timer])
    # The first epoch also traces and compiles.
    epoch = min(timer.seconds[1:])
    starting = time.perf_counter() - begin - sum(timer.seconds[1:]) - epoch
    keras.backend.clear_session()
    sizes = len(problem.train.labels), len(problem.validation.labels)
    return SearchPlan(settings, sizes, problem.inputs, workers, max(0.0, starting), epoch)


class _EpochTimer(keras.callbacks.Callback):
    """Measures the seconds of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._begin = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.seconds.append(time.perf_counter() - self._begin)
