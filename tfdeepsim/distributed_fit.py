"""What Keras' `fit` needs to run on several devices or machines."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.step_checks import StepChecks


class DistributedFit:
    """Part of a model that is trained by `fit` under any `tf.distribute` strategy.

    Beside `keras.Model` in the bases of a class, whose steps call `_log`.

    Attributes:
        means: Mean over an epoch of each measure, by its name.
        checks: Checks of the values of a step.

    Example:
        >>> class Classifier(DistributedFit, keras.Model):
        ...     def test_step(self, batch):
        ...         return self._log({"loss": self.losses_of(batch)})
    """

    means: dict[str, keras.metrics.Metric]
    checks: StepChecks

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.means.values())

    def _log(self, measures: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Add measures to the means over an epoch, and return those means, of this replica.

        Args:
            measures: By name, one value or one for each example.
        """
        for name, value in measures.items():
            self.means[name].update_state(value)
        results = {name: self.means[name].result() for name in measures}
        if isinstance(tf.distribute.get_strategy(), tf.distribute.MultiWorkerMirroredStrategy):
            # Keras takes the mean over the first axis and over the replicas of all workers.
            return {name: tf.reshape(result, [1]) for name, result in results.items()}
        return results

    def _get_metrics_result_or_logs(self, logs: Mapping[str, Any]) -> dict[str, Any]:
        """Logs of an epoch, after its checks: means over the examples of all replicas.

        Keras' own are those of the last step if not all measures are in `logs`: means over
        replicas, which may have seen different numbers of examples.
        """
        self.checks.raise_first()
        return {name: self.means[name].result() for name in logs}

    def _maybe_symbolic_build(self, *batch: Any, **batches: Any) -> None:
        """Build nothing: everything is built, and Keras' own build adds up the batches of several
        devices, which fails for labels and for batches of different sizes."""
