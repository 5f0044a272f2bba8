"""The means of an epoch that is under way, so that it can be resumed."""

import math
from typing import Any

import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.training.workers import Workers

Means = dict[str, list[list[float]]]
"""Values of the variables (total and count) of each measure, one for each device of all workers."""


def means_of(model: Any, workers: Workers) -> Means:
    """The means of all workers so far; to be called by all of them.

    Args:
        model: The model in training; its `means` are metrics by name.
        workers: The processes that train it.
    """
    own = {
        name: [[float(value.numpy()) for value in _local(model, v)] for v in metric.variables]
        for name, metric in model.means.items()
    }
    # Their sums would do for the result, but not for its last bit.
    of_all = workers.gather(own)
    return {
        name: [[x for one in of_all for x in one[name][number]] for number in range(len(values))]
        for name, values in own.items()
    }


def are_finite(means: Means) -> bool:
    """Whether no measure was NaN or infinite in a step of the epoch so far."""
    return all(math.isfinite(x) for values in means.values() for row in values for x in row)


def check_means(model: Any, means: Means) -> None:
    """Refuse means of other measures than a model has.

    Raises:
        InputError: If they are, or if a measure has other variables.
    """
    variables = {name: len(values) for name, values in means.items()}
    if variables != {name: len(metric.variables) for name, metric in model.means.items()}:
        raise InputError(
            "a checkpoint must fit its run's config.json",
            got=f"state.npz with the means {', '.join(sorted(means)) or 'of no measure'}",
            accepted=", ".join(sorted(model.means)),
        )


def set_means(model: Any, means: Means, workers: Workers) -> None:
    """Assign to the model what `means_of` returned.

    Args:
        model: The model in training.
        means: The means; where there are other numbers of devices now, the first takes all.
        workers: The processes that train it.
    """
    for name, metric in model.means.items():
        for variable, values in zip(metric.variables, means[name], strict=True):
            parts = _local(model, variable)
            count = len(parts) * workers.count
            if len(values) != count:
                values = [math.fsum(values), *[0.0] * (count - 1)]
            first = len(parts) * workers.number
            for part, value in zip(parts, values[first : first + len(parts)], strict=True):
                part.assign(value)


def _local(model: Any, variable: Any) -> tuple[tf.Variable, ...]:
    """The parts of a metric's variable on the devices of this worker."""
    return model.distribute_strategy.experimental_local_results(variable.value)
