"""Oracles, which choose the next trial: those of keras-tuner, and a grid that can be resumed."""

import contextlib
import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras_tuner
from sklearn.exceptions import ConvergenceWarning

from tfdeepsim.errors import InputError
from tfdeepsim.files import write_json
from tfdeepsim.probes import PROBE_SETTINGS
from tfdeepsim.tuning.settings import HYPERBAND_FACTOR, SearchSettings
from tfdeepsim.tuning.space import declare_hyperparameters


class CrashSafeOracle(keras_tuner.Oracle):
    """An oracle that can be killed at any time: its files are written completely, or not at all.

    Attributes:
        error: What failed first in it, or None. A worker's request runs in a thread of gRPC, which
            tells nobody but the worker.

    Example:
        >>> oracle = make_oracle(SearchSettings(tuner="hyperband"))
        >>> isinstance(oracle, CrashSafeOracle)
        True
    """

    _retry_queue: list[str]
    error: Exception | None = None

    def create_trial(self, tuner_id: str) -> Any:
        with self._noting_errors():
            return super().create_trial(tuner_id)

    def update_trial(self, trial_id: str, metrics: Any, step: int = 0) -> Any:
        with self._noting_errors():
            return super().update_trial(trial_id, metrics, step)

    def end_trial(self, trial: Any) -> None:
        with self._noting_errors():
            super().end_trial(trial)

    @contextlib.contextmanager
    def _noting_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.error = self.error or error
            raise

    def save(self) -> None:
        write_json(self._get_oracle_fname(), self.get_state())

    def _save_trial(self, trial: Any) -> None:
        write_json(Path(self._get_trial_dir(trial.trial_id), "trial.json"), trial.get_state())

    def reload(self) -> None:
        try:
            super().reload()
        except Exception as error:  # of many types, since keras-tuner checks nothing
            raise InputError(
                "the files of keras-tuner must be as it wrote them",
                got=f"{Path(self._get_oracle_fname()).parent} ({type(error).__name__}: {error})",
                accepted="a search that was not changed, or --overwrite to search anew",
            ) from error
        # Two files describe a trial, and the oracle may have been killed between them. A trial that
        # it does not list yet starts again. A trial that has ended, but is still to be repeated
        # because it seemed to be running, is not run again.
        for unknown in set(self.trials) - set(self.start_order):
            del self.trials[unknown]
        self._retry_queue = [name for name in self._retry_queue if name not in self.end_order]


class RandomOracle(CrashSafeOracle, keras_tuner.oracles.RandomSearchOracle):
    """Random search.

    Example:
        >>> oracle = make_oracle(SearchSettings(tuner="random"))
    """


class BayesianOracle(CrashSafeOracle, keras_tuner.oracles.BayesianOptimizationOracle):
    """Bayesian optimization by a Gaussian process.

    Example:
        >>> oracle = make_oracle(SearchSettings(tuner="bayesian"))
    """

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        with warnings.catch_warnings():
            # With few trials the Gaussian process fits its length scales badly; this is harmless.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().populate_space(trial_id)


class HyperbandOracle(CrashSafeOracle, keras_tuner.oracles.HyperbandOracle):
    """Hyperband (Li et al. 2018): many short trials, of which the best are continued.

    Example:
        >>> oracle = make_oracle(SearchSettings(tuner="hyperband"))
    """


class GridOracle(CrashSafeOracle):
    """Every combination once, in a fixed order in which the first hyperparameter changes fastest.

    The grid of keras-tuner keeps its position in memory only, and cannot be resumed after a
    restart; here the position is the number of trials.

    Example:
        >>> oracle = make_oracle(SearchSettings(tuner="grid"))
    """

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        grid = combinations(self.get_space())
        if len(self.trials) >= len(grid):
            return {"status": "STOPPED", "values": None}
        return {"status": "RUNNING", "values": grid[len(self.trials)]}


def combinations(space: keras_tuner.HyperParameters) -> list[dict[str, Any]]:
    """All combinations of a space of choices; each holds its active hyperparameters only."""
    # A hyperparameter that depends on another one comes after it, and changes more slowly.
    order = list(reversed(space.space))
    unique: dict[tuple, dict[str, Any]] = {}
    for values in itertools.product(*(hp.values for hp in order)):
        trial = space.copy()
        trial.values = dict(zip((hp.name for hp in order), values, strict=True))
        active = {hp.name: trial.values[hp.name] for hp in space.space if trial.is_active(hp)}
        unique.setdefault(tuple(active.items()), active)
    return list(unique.values())


def search_space(tuner: str, probe_settings: str = "standard") -> keras_tuner.HyperParameters:
    """All hyperparameters that a tuner searches.

    Args:
        tuner: Name of the tuner, one of `TUNERS`.
        probe_settings: Name of the settings that are not searched, one of `PROBE_SETTINGS`.
    """
    space = keras_tuner.HyperParameters()
    declare_hyperparameters(space, tuner, PROBE_SETTINGS[probe_settings].get("batch_size"))
    return space


def make_oracle(settings: SearchSettings) -> CrashSafeOracle:
    """Create the oracle of a search, which minimises the validation loss."""
    trials = settings.most_trials
    common = {
        "objective": keras_tuner.Objective("val_loss", "min"),
        "hyperparameters": search_space(settings.tuner, settings.probe_settings),
        "allow_new_entries": False,
        # keras-tuner takes 0 for no seed.
        "seed": settings.seed + 1,
        # A diverged probe does not end the search.
        "max_consecutive_failed_trials": trials + 1,
    }
    if settings.tuner == "random":
        return RandomOracle(max_trials=trials, **common)
    if settings.tuner == "bayesian":
        # The default of three random trials for each hyperparameter may be all trials.
        first = min(10, max(3, trials // 3))
        return BayesianOracle(max_trials=trials, num_initial_points=first, **common)
    if settings.tuner == "grid":
        return GridOracle(max_trials=trials, **common)
    oracle = HyperbandOracle(max_epochs=settings.epochs, factor=HYPERBAND_FACTOR, **common)
    oracle.max_trials = trials
    return oracle
