"""The oracles, which choose the next trial: keras-tuner's, and a grid that can be resumed."""

import itertools
import warnings
from pathlib import Path
from typing import Any

import keras_tuner
from sklearn.exceptions import ConvergenceWarning

from tfdeepsim.files import write_json
from tfdeepsim.tuning.settings import HYPERBAND_FACTOR, SearchSettings
from tfdeepsim.tuning.space import declare


class Lasting(keras_tuner.Oracle):
    """An oracle that can be killed at any time: its files are written whole or not at all."""

    _retry_queue: list[str]

    def save(self) -> None:
        write_json(self._get_oracle_fname(), self.get_state())

    def _save_trial(self, trial: Any) -> None:
        write_json(Path(self._get_trial_dir(trial.trial_id), "trial.json"), trial.get_state())

    def reload(self) -> None:
        super().reload()
        # Killed while a trial began, the oracle may not know of it: it will begin again. Killed
        # while one ended, it may take it for running: it is not run again.
        for unknown in set(self.trials) - set(self.start_order):
            del self.trials[unknown]
        self._retry_queue = [name for name in self._retry_queue if name not in self.end_order]


class RandomOracle(Lasting, keras_tuner.oracles.RandomSearchOracle):
    """Random search."""


class BayesianOracle(Lasting, keras_tuner.oracles.BayesianOptimizationOracle):
    """Bayesian optimization by a Gaussian process."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        with warnings.catch_warnings():
            # With few trials the process fits its length scales badly, which is no concern of a
            # user.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().populate_space(trial_id)


class HyperbandOracle(Lasting, keras_tuner.oracles.HyperbandOracle):
    """Hyperband (Li et al. 2018): many short trials, of which the best go on."""


class GridOracle(Lasting):
    """Every combination once, in a fixed order in which the first hyperparameter changes fastest.

    keras-tuner's own grid keeps its place in memory alone, and cannot go on after a restart; here
    the place is the number of trials.
    """

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        grid = combinations(self.get_space())
        if len(self.trials) >= len(grid):
            return {"status": "STOPPED", "values": None}
        return {"status": "RUNNING", "values": grid[len(self.trials)]}


def combinations(space: keras_tuner.HyperParameters) -> list[dict[str, Any]]:
    """All combinations of a space of choices; each has its active hyperparameters only."""
    # What depends on another stands after it, and changes more slowly.
    order = list(reversed(space.space))
    found: dict[tuple, dict[str, Any]] = {}
    for values in itertools.product(*(hp.values for hp in order)):
        trial = space.copy()
        trial.values = dict(zip((hp.name for hp in order), values, strict=True))
        active = {hp.name: trial.values[hp.name] for hp in space.space if trial.is_active(hp)}
        found.setdefault(tuple(active.items()), active)
    return list(found.values())


def search_space(tuner: str) -> keras_tuner.HyperParameters:
    """All hyperparameters that `tuner` searches."""
    space = keras_tuner.HyperParameters()
    declare(space, tuner)
    return space


def make_oracle(settings: SearchSettings) -> Lasting:
    """The oracle of a search, which minimises the validation loss."""
    trials = settings.most_trials
    common = {
        "objective": keras_tuner.Objective("val_loss", "min"),
        "hyperparameters": search_space(settings.tuner),
        "allow_new_entries": False,
        # 0 would be taken for none.
        "seed": settings.seed + 1,
        # A probe that diverges is a result, not a fault of the search.
        "max_consecutive_failed_trials": trials + 1,
    }
    if settings.tuner == "random":
        return RandomOracle(max_trials=trials, **common)
    if settings.tuner == "bayesian":
        # keras-tuner would begin with three random trials a hyperparameter, which may be all there
        # are.
        first = min(10, max(3, trials // 3))
        return BayesianOracle(max_trials=trials, num_initial_points=first, **common)
    if settings.tuner == "grid":
        return GridOracle(max_trials=trials, **common)
    oracle = HyperbandOracle(max_epochs=settings.epochs, factor=HYPERBAND_FACTOR, **common)
    oracle.max_trials = trials
    return oracle
