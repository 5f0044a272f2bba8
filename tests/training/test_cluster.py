"""Which workers there are, by `TF_CONFIG` or Slurm, and what is refused before they start."""

import json
import os
import socket

import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory
from tfdeepsim.training import workers as workers_module
from tfdeepsim.training.cluster import Cluster, cluster_of_environment
from tfdeepsim.training.trainer import train
from tfdeepsim.training.workers import LOST_SECONDS, START_SECONDS, Workers
from tfdeepsim.tuning.cluster import free_port

PAIR = {"worker": ["host-a:12345", "host-b:12345"]}
FIRST = {"type": "worker", "index": 0}


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    for name in os.environ:
        if name.startswith(("SLURM_", "TF_CONFIG")):
            monkeypatch.delenv(name)


@pytest.fixture
def given(monkeypatch):
    """Sets `TF_CONFIG`."""

    def give(cluster=PAIR, task=FIRST):
        monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))

    return give


def test_workers_are_numbered_from_the_chief_on(given):
    cluster = {"worker": ["b:1", "c:1"], "chief": ["a:1"]}
    for job, index, number in (("chief", 0, 0), ("worker", 0, 1), ("worker", 1, 2)):
        given(cluster, {"type": job, "index": index})
        found = cluster_of_environment()
        assert (found.number, found.is_chief) == (number, number == 0)
        assert found.addresses == ("a:1", "b:1", "c:1")
        assert json.loads(found.tf_config()) == {
            "cluster": cluster,
            "task": {"type": job, "index": index},
        }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{no", "{no, which is no JSON"),
        ("[1]", "[1], which is no object"),
        ("{}", "the cluster null"),
        ({"cluster": {}}, "the cluster {}"),
        ({"cluster": {"ps": ["a:1"], **PAIR}}, 'tasks of the kind "ps"'),
        ({"cluster": {"worker": "a:1"}}, 'the addresses "a:1" of worker'),
        ({"cluster": {"worker": ["a", "b:1"]}}, 'the address "a" of a worker'),
        ({"cluster": {"worker": ["a:0", "b:1"]}}, 'the address "a:0" of a worker'),
        ({"cluster": {"worker": ["a:70000", "b:1"]}}, 'the address "a:70000" of a worker'),
        ({"cluster": {"worker": [1, "b:1"]}}, "the address 1 of a worker"),
        ({"cluster": {"worker": ["a:1", "a:1"]}}, "the address a:1 twice"),
        ({"cluster": {"chief": ["a:1", "b:1"]}}, "2 tasks of the kind chief"),
        ({"cluster": PAIR}, "the task null"),
        ({"cluster": PAIR, "task": {"type": "worker"}}, 'the task {"type": "worker"}'),
        ({"cluster": PAIR, "task": {"type": "chief", "index": 0}}, 'the task "chief" 0'),
        ({"cluster": PAIR, "task": {"type": ["worker"], "index": 0}}, 'the task ["worker"] 0'),
        (
            {"cluster": PAIR, "task": {"type": "worker", "index": 2}},
            'the task "worker" 2, where the cluster has 2 of worker',
        ),
        ({"cluster": PAIR, "task": {"type": "worker", "index": -1}}, 'the task "worker" -1'),
        ({"cluster": PAIR, "task": {"type": "worker", "index": "0"}}, 'the task "worker" "0"'),
        ({"cluster": PAIR, "task": {"type": "worker", "index": True}}, 'the task "worker" true'),
    ],
)
def test_a_wrong_tf_config_is_told(monkeypatch, tmp_path, text, told):
    monkeypatch.setenv("TF_CONFIG", text if isinstance(text, str) else json.dumps(text))
    with pytest.raises(InputError) as refused:
        train(TrainConfig(strategy="multiworker"), RunDirectory(tmp_path / "run"))
    assert str(refused.value).startswith("TF_CONFIG names the addresses of all workers")
    assert told in str(refused.value)
    assert not list(tmp_path.iterdir())


def test_one_process_is_no_cluster(given):
    with pytest.raises(InputError, match="neither TF_CONFIG nor Slurm's variables"):
        cluster_of_environment()
    given({"worker": ["host-a:12345"]})
    with pytest.raises(InputError, match="two workers or more: got 1 worker: host-a:12345"):
        cluster_of_environment()


SLURM = {
    "SLURM_JOB_ID": "4711",
    "SLURM_PROCID": "3",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_NODELIST": "n[2,10]",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2)",
}


def test_slurm_tells_the_workers_in_its_own_order(monkeypatch, given):
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    cluster = cluster_of_environment()
    port = 20000 + 4711 * 16 % 10000
    # By their letters, n10 would come before n2.
    assert cluster.addresses == tuple(
        f"{host}:{port + i}" for host in ("n2", "n10") for i in (0, 1)
    )
    assert cluster.number == 3
    given()
    assert cluster_of_environment().addresses == ("host-a:12345", "host-b:12345")


@pytest.mark.parametrize("missing", sorted(set(SLURM) - {"SLURM_JOB_ID", "SLURM_PROCID"}))
def test_incomplete_variables_of_slurm_are_told(monkeypatch, missing):
    for name, value in SLURM.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=f"{missing}=None.*a step that srun started"):
        cluster_of_environment()


def test_a_port_in_use_is_told():
    with socket.socket() as listener:
        listener.bind(("", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        cluster = Cluster((("worker", (address, "host-b:12345")),), "worker", 0)
        with pytest.raises(InputError, match=rf"{address} of worker 0, whose port is .*\(in use\)"):
            cluster.check_port()
    cluster.check_port()


def test_a_batch_that_the_workers_cannot_share_is_refused(given):
    given()
    with pytest.raises(InputError, match="got 5 for 2 devices of 2 workers; accepted: 2, 4"):
        Workers.of(TrainConfig(strategy="multiworker", batch_size=5))
    workers = Workers.of(TrainConfig(strategy="multiworker", batch_size=6))
    assert (workers.shard, workers.is_chief) == ((0, 2), True)


def test_a_worker_that_does_not_start_is_named(monkeypatch, given):
    monkeypatch.setenv(START_SECONDS, "1")
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    given({"worker": addresses})
    with pytest.raises(InputError, match=f"no worker 1 at {addresses[1]} within 1 s"):
        Workers.of(TrainConfig(strategy="multiworker")).strategy()


@pytest.mark.parametrize("text", ["soon", "0", "nan", "1e9"])
def test_seconds_are_checked(monkeypatch, text):
    assert workers_module._seconds(LOST_SECONDS) == 60
    monkeypatch.setenv(LOST_SECONDS, text)
    with pytest.raises(InputError, match=f"{LOST_SECONDS} is a number of seconds: got {text}"):
        workers_module._seconds(LOST_SECONDS)


def test_a_single_process_is_its_own_chief():
    workers = Workers.of(TrainConfig())
    assert (workers.is_chief, workers.shard) == (True, (0, 1))
    assert workers.of_chief({"loss": 1.0}) == {"loss": 1.0}
    workers.check_same_config(TrainConfig())
    workers.leave()
