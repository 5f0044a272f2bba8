"""What a search will cost, told before it starts."""

import contextlib
import dataclasses
import time

import keras
import keras_tuner

from tfdeepsim.duration import duration
from tfdeepsim.tuning.probe import ProbeModel
from tfdeepsim.tuning.problem import Problem
from tfdeepsim.tuning.settings import SearchSettings
from tfdeepsim.tuning.space import Design

# Of middling cost in the space that is searched.
_TYPICAL = {"depth": 2, "width_1": 64, "width_2": 64, "learning_rate": 1e-3, "batch_size": 128}


@dataclasses.dataclass(frozen=True)
class SearchPlan:
    """Size and cost of a search.

    Attributes:
        settings: Of the search.
        examples: Of training and of validation.
        inputs: Columns of an embedding.
        workers: Processes that run trials.
        seconds_per_trial: What starting one takes, measured with a typical probe.
        seconds_per_epoch: Of such a probe, measured.
    """

    settings: SearchSettings
    examples: tuple[int, int]
    inputs: int
    workers: int
    seconds_per_trial: float
    seconds_per_epoch: float

    @property
    def most_seconds(self) -> float:
        """If no trial stopped early, and all workers were as fast as one."""
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
    """Measure what a trial takes on this machine.

    Args:
        problem: What is learned.
        settings: Of the search.
        workers: Processes that will run trials.
    """
    hp = keras_tuner.HyperParameters()
    hp.values = {
        **_TYPICAL,
        "activation": "leaky_relu",
        "dropout": 0.2,
        "weight_decay": Design().weight_decay,
    }
    maker = ProbeModel(problem, settings.seed)
    begin = time.perf_counter()
    model = maker.build(hp)
    clock = _Clock()
    with contextlib.suppress(
        keras_tuner.errors.FailedTrialError
    ):  # it takes as long where it diverges
        maker.fit(hp, model, epochs=3, callbacks=[clock])
    # The first epoch also traces and compiles.
    epoch = min(clock.seconds[1:])
    starting = time.perf_counter() - begin - sum(clock.seconds[1:]) - epoch
    keras.backend.clear_session()
    sizes = len(problem.train.labels), len(problem.validation.labels)
    return SearchPlan(settings, sizes, problem.inputs, workers, max(0.0, starting), epoch)


class _Clock(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._begin = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.seconds.append(time.perf_counter() - self._begin)
