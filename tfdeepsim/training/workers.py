"""The processes that train a run together, on one machine or on several."""

import contextlib
import functools
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.compiler.xla.tsl.protobuf import coordination_config_pb2
from tensorflow.python.eager import context

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.options import flag
from tfdeepsim.training.cluster import TF_CONFIG, Cluster, cluster_of_environment

START_SECONDS = "TFDEEPSIM_START_SECONDS"
"""Environment variable: how long a worker waits for the others at the start."""
LOST_SECONDS = "TFDEEPSIM_LOST_SECONDS"
"""Environment variable: how long a worker that is silent is waited for during training."""
DEFAULT_SECONDS = {START_SECONDS: 600, LOST_SECONDS: 60}
OWN = {"data_dir", "cache", "parallel_reads"}
"""Fields of a config that each worker may set for itself: where its data are."""
LOST = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.FailedPreconditionError,
)
"""Errors of operations that another worker takes part in, if that worker is gone."""


class Workers:
    """The processes that train a run: this one alone, or all tasks of a cluster.

    All workers run the same program. Each has a copy of the model and computes its part of every
    batch; gradients are added up over all of them by `tf.distribute.MultiWorkerMirroredStrategy`.
    The first one, the chief, writes the run directory; the others write nothing.

    Args:
        cluster: The cluster and this process' place in it; None for one process.

    Attributes:
        number: Number of this worker, 0 for the chief.
        count: Number of workers.

    Example:
        >>> workers = Workers.of(TrainConfig(strategy="multiworker"))
        >>> strategy = workers.strategy()
    """

    def __init__(self, cluster: Cluster | None = None):
        self._cluster = cluster
        self._strategy: Any = None
        self.number = cluster.number if cluster else 0
        self.count = len(cluster.addresses) if cluster else 1

    @classmethod
    def of(cls, config: TrainConfig) -> "Workers":
        """The workers of a run; those of the environment with `--strategy multiworker`.

        Raises:
            InputError: If the environment describes no cluster, or a batch cannot be divided among
                the devices of all workers.
        """
        if config.strategy != "multiworker":
            return cls()
        workers = cls(cluster_of_environment())
        devices = workers.count * max(1, len(tf.config.list_physical_devices("GPU")))
        if config.batch_size % devices:
            raise InputError(
                "--batch-size must be a multiple of the number of devices of all workers",
                got=f"{config.batch_size} for {devices} devices of {workers.count} workers",
                accepted=f"{devices}, {2 * devices}, ...",
            )
        return workers

    @property
    def is_chief(self) -> bool:
        """Whether this worker writes the run directory."""
        return self.number == 0

    @property
    def shard(self) -> tuple[int, int]:
        """Number of this worker and of all: which part of each batch it reads."""
        return self.number, self.count

    def strategy(self) -> tf.distribute.Strategy:
        """Wait until all workers have started, and return the strategy that they train with.

        Raises:
            InputError: If a port is not free, or a worker does not start in time.
        """
        assert self._cluster, "there are other workers"
        self._strategy = _strategy(self._cluster)
        return self._strategy

    def check_same(self, rule: str, values: Mapping[str, Any]) -> None:
        """Refuse workers that were started with something else.

        Args:
            rule: What must hold, for the message.
            values: JSON values by name, which must be equal on all workers.

        Raises:
            InputError: On every worker, if the values of one of them differ from the chief's.
        """
        first, *others = self.gather(dict(values))
        for number, other in enumerate(others, 1):
            for name in first | other:
                if first.get(name) != other.get(name):
                    # Whoever ended at once could be missed by one that still reads the values.
                    self.leave()
                    raise InputError(
                        rule,
                        got=f"{name} {other.get(name)} of worker {number}, "
                        f"{first.get(name)} of worker 0",
                        accepted="the same for all workers",
                    )

    def check_same_config(self, config: TrainConfig) -> None:
        """Refuse workers that were started with another config, or with other devices."""
        fields = {flag(k): v for k, v in config.to_dict().items() if k not in OWN}
        devices = self._strategy and len(self._strategy.extended.worker_devices)
        rule = "all workers train with the same configuration"
        self.check_same(rule, fields | {"number of devices": devices})

    def of_chief(self, value: Any) -> Any:
        """The chief's value of something that workers could measure differently.

        Args:
            value: A JSON value.
        """
        return self.gather(value)[0]

    def leave(self) -> None:
        """Wait until all workers are here, after which they may end at different times."""
        # Whoever is here has all results, so those who ended first are not missed.
        with contextlib.suppress(*LOST):
            self.gather(None)

    def gather(self, value: Any) -> list[Any]:
        """The values of all workers, in their order; to be called by all of them.

        Args:
            value: A JSON value.
        """
        if self.count == 1:
            return [value]
        text = json.dumps(value).encode()
        # Collective operations know no text. A worker of several devices gives one value for all.
        letters = tf.constant(np.frombuffer(text + b"\0", np.uint8), tf.int32)
        gathered = _gathering(self._strategy)(letters).numpy().astype(np.uint8).tobytes()
        return [json.loads(part) for part in gathered.split(b"\0")[:-1]]

    @contextlib.contextmanager
    def needed(self) -> Iterator[None]:
        """A context in which the loss of another worker is an `InputError`."""
        try:
            yield
        except LOST as error:
            if self.count == 1:
                raise
            raise InputError(
                "a worker was lost",
                got=f"no answer to worker {self.number} of {self.count} ({_reason(error)})",
                accepted="all workers started again, with --resume if an epoch was finished",
            ) from error


@functools.cache
def _gathering(strategy: tf.distribute.Strategy) -> Any:
    """Function of int32 [n] that returns the concatenation over all workers, int32 [N]."""
    # One graph for all lengths; by itself, TensorFlow would make a new one in each call.
    signature = [tf.TensorSpec([None], tf.int32)]
    return tf.function(lambda x: strategy.gather(x, axis=0), input_signature=signature)


def on_all_devices(data: tf.data.Dataset, strategy: tf.distribute.Strategy) -> Any:
    """Batches for `fit`, of which each device of this worker gets its part.

    Args:
        data: Batches; with several workers, this worker's part of them.
        strategy: The strategy of the model.
    """
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        # Keras divides batches among the devices of one machine.
        return data
    devices = len(strategy.extended.worker_devices)
    parts = data
    if devices > 1:
        parts = data.flat_map(
            lambda batch: tf.data.Dataset.range(devices).map(
                lambda device: tf.nest.map_structure(lambda x: x[device::devices], batch)
            )
        )
    distributed = strategy.distribute_datasets_from_function(lambda _: parts)
    # Keeps the images alive as long as the dataset is in use.
    distributed.data = data
    return distributed


@functools.cache
def _strategy(cluster: Cluster) -> tf.distribute.Strategy:
    """The strategy of a cluster. TensorFlow can be set up once in a process, for all its runs."""
    cluster.check_port()
    seconds = _seconds(START_SECONDS)
    if cluster.is_chief:
        # TensorFlow's own wait for the others has no end that one could set.
        _wait_for(cluster.addresses, seconds)
    os.environ[TF_CONFIG] = cluster.tf_config()
    _set_seconds(cluster, seconds)
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except (*LOST, tf.errors.UnknownError) as error:
        raise InputError(
            "all workers must start",
            got=f"worker {cluster.number}, which has not reached the chief at "
            f"{cluster.addresses[0]} within {seconds:g} s ({_reason(error)})",
            accepted=f"all workers started within that time, or a larger {START_SECONDS}",
        ) from error
    handler = signal.getsignal(signal.SIGTERM)
    if handler is not None and threading.current_thread() is threading.main_thread():
        # TensorFlow has taken the signal for itself, and would not end.
        signal.signal(signal.SIGTERM, handler)
    return strategy


def _wait_for(addresses: tuple[str, ...], seconds: float) -> None:
    """Wait until all workers but the first listen on their ports."""
    end = time.monotonic() + seconds
    for number, address in enumerate(addresses[1:], 1):
        host, _, port = address.rpartition(":")
        while True:
            try:
                socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
                break
            except OSError as error:
                if time.monotonic() > end:
                    raise InputError(
                        "all workers must start",
                        got=f"no worker {number} at {address} within {seconds:g} s ({error})",
                        accepted="all workers started within that time, or a larger "
                        f"{START_SECONDS}",
                    ) from error
            time.sleep(0.2)


def _set_seconds(cluster: Cluster, start_seconds: float) -> None:
    """Set how long TensorFlow waits for workers, as its strategy sets up the rest of this."""
    jobs = [
        coordination_config_pb2.CoordinatedJob(name=job, num_tasks=len(addresses))
        for job, addresses in cluster.jobs
    ]
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader=f"/job:{cluster.jobs[0][0]}/replica:0/task:0",
        cluster_register_timeout_in_ms=round(1000 * start_seconds),
        heartbeat_timeout_in_ms=round(1000 * _seconds(LOST_SECONDS)),
        coordinated_jobs=jobs,
    )


def _seconds(variable: str) -> float:
    text = os.environ.get(variable, "") or str(DEFAULT_SECONDS[variable])
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 86400:
        raise InputError(f"{variable} is a number of seconds", got=text, accepted="1 to 86400")
    return seconds


def _reason(error: Exception) -> str:
    """What TensorFlow says of a failed operation, without where in a graph it is."""
    text = str(error)
    lines = (text.partition("aborted by: ")[2] or text).strip().splitlines()
    return lines[0][:200].rstrip(":") if lines else type(error).__name__
