"""Which processes train a run together: read from `TF_CONFIG`, or from Slurm's variables."""

import dataclasses
import errno
import json
import os
import re
import socket
from typing import Any, NoReturn

import tensorflow as tf

from tfdeepsim.errors import InputError

TF_CONFIG = "TF_CONFIG"
EXAMPLE = (
    'TF_CONFIG={"cluster": {"worker": ["host-a:12345", "host-b:12345"]}, '
    '"task": {"type": "worker", "index": 0}}'
)
JOBS = ("chief", "worker")
"""Kinds of tasks that train; the first task of the first kind that there is leads."""
SLURM_PORTS = range(20000, 30000)
"""Ports of workers that Slurm starts; which of them follows from the number of the job."""


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers of a run, and which of them this process is.

    Attributes:
        jobs: The kinds of tasks, `chief` before `worker`, with the addresses `host:port` of each.
        job: Kind of this task.
        index: Number of this task among those of its kind.

    Example:
        >>> cluster = Cluster((("worker", ("host-a:12345", "host-b:12345")),), "worker", 1)
        >>> cluster.number, cluster.is_chief
        (1, False)
    """

    jobs: tuple[tuple[str, tuple[str, ...]], ...]
    job: str
    index: int

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses of all workers, that of the chief first."""
        return tuple(address for _, addresses in self.jobs for address in addresses)

    @property
    def number(self) -> int:
        """Number of this worker in `addresses`."""
        return self.index + (self.job != self.jobs[0][0])

    @property
    def is_chief(self) -> bool:
        """Whether this is the worker that writes the run directory."""
        return self.number == 0

    def tf_config(self) -> str:
        """The value of `TF_CONFIG` for this worker."""
        jobs = {job: list(addresses) for job, addresses in self.jobs}
        return json.dumps({"cluster": jobs, "task": {"type": self.job, "index": self.index}})

    def check_port(self) -> None:
        """Refuse a port that another process listens on.

        Raises:
            InputError: If this worker cannot listen on its port.
        """
        address = self.addresses[self.number]
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("", int(address.rpartition(":")[2])))
                listener.listen()
            except OSError as error:
                reason = "in use" if error.errno == errno.EADDRINUSE else error.strerror
                raise InputError(
                    "each worker listens on the port of its address",
                    got=f"{address} of worker {self.number}, whose port is not free ({reason})",
                    accepted="a free port; or wait until the process on it has ended",
                ) from error


def cluster_of_environment() -> Cluster:
    """The cluster in `TF_CONFIG`, or without it in the variables of a Slurm step.

    Raises:
        InputError: If there is neither, or it does not describe workers that train together.
    """
    if text := os.environ.get(TF_CONFIG):
        cluster = _of_tf_config(text)
    elif "SLURM_PROCID" in os.environ:
        cluster = _of_slurm()
    else:
        raise InputError(
            "--strategy multiworker is for several processes that know of each other",
            got="neither TF_CONFIG nor Slurm's variables",
            accepted=f"{EXAMPLE}, or srun",
        )
    if len(cluster.addresses) < 2:
        raise InputError(
            "--strategy multiworker is for two workers or more",
            got=f"{len(cluster.addresses)} worker: {', '.join(cluster.addresses)}",
            accepted="more workers, or --strategy mirrored for all devices of one machine",
        )
    return cluster


def _of_tf_config(text: str) -> Cluster:
    try:
        values = json.loads(text)
    except ValueError:
        _refuse(f"{text[:80]}, which is no JSON")
    if not isinstance(values, dict):
        _refuse(f"{text[:80]}, which is no object")
    jobs = _jobs(values.get("cluster"))
    task = values.get("task")
    if not isinstance(task, dict) or not {"type", "index"} <= task.keys():
        _refuse(f"the task {json.dumps(task)[:80]}")
    job, index = task["type"], task["index"]
    if job not in tuple(jobs) or type(index) is not int or not 0 <= index < len(jobs[job]):
        has = ", ".join(f"{len(addresses)} of {name}" for name, addresses in jobs.items())
        _refuse(f"the task {json.dumps(job)} {json.dumps(index)}, where the cluster has {has}")
    return Cluster(tuple(jobs.items()), job, index)


def _jobs(cluster: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(cluster, dict) or not cluster:
        _refuse(f"the cluster {json.dumps(cluster)[:80]}")
    for job, addresses in cluster.items():
        if job not in JOBS:
            _refuse(f"tasks of the kind {json.dumps(job)}; those that train are chief and worker")
        if not isinstance(addresses, list) or not addresses:
            _refuse(f"the addresses {json.dumps(addresses)[:80]} of {job}")
        for address in addresses:
            if not isinstance(address, str) or not _is_address(address):
                _refuse(f"the address {json.dumps(address)[:80]} of a {job}")
    if len(cluster.get("chief", ())) > 1:
        _refuse(f"{len(cluster['chief'])} tasks of the kind chief")
    every = [address for addresses in cluster.values() for address in addresses]
    if twice := {address for address in every if every.count(address) > 1}:
        _refuse(f"the address {min(twice)} twice")
    return {job: tuple(cluster[job]) for job in JOBS if job in cluster}


def _is_address(text: str) -> bool:
    found = re.fullmatch(r"[^\s/]+:(\d{1,5})", text)
    return found is not None and 0 < int(found[1]) < 2**16


def _refuse(got: str) -> NoReturn:
    raise InputError(
        "TF_CONFIG names the addresses of all workers and the task of this one",
        got=got,
        accepted=EXAMPLE,
    )


def _of_slurm() -> Cluster:
    """The tasks of a step that `srun` started, as workers."""
    job = os.environ.get("SLURM_JOB_ID", "0")
    # Several tasks of one host have consecutive ports.
    port = SLURM_PORTS[(int(job) if job.isdecimal() else 0) * 16 % len(SLURM_PORTS)]
    try:
        # That a task may have one of many GPUs is said, since the resolver cannot do without GPUs;
        # which one a task has is left to Slurm.
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            port_base=port, gpus_per_node=2**20, gpus_per_task=1, auto_set_gpu=False
        )
        # In the order of Slurm, which numbers tasks so. The resolver's own list of addresses has
        # the hosts in the order of their letters: n10 before n2.
        tasks = resolver._task_configuration
        index = int(os.environ["SLURM_PROCID"])
    except (RuntimeError, ValueError, AssertionError) as error:
        names = ("PROCID", "STEP_NUM_TASKS", "STEP_NODELIST", "STEP_TASKS_PER_NODE")
        values = {f"SLURM_{name}": os.environ.get(f"SLURM_{name}") for name in names}
        raise InputError(
            "Slurm's variables tell the hosts and the number of this task",
            got=", ".join(f"{name}={value}" for name, value in values.items()),
            accepted="the variables of a step that srun started, or TF_CONFIG",
        ) from error
    addresses = [f"{host}:{port + task}" for host, count in tasks.items() for task in range(count)]
    return Cluster((("worker", tuple(addresses)),), "worker", index)
