"""Searches in real processes that are killed, alone and as chief and workers."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]


def start(directory, tuner="random", trials=3, workers=0, epochs=2):
    return subprocess.Popen(
        [
            sys.executable,
            HERE / "search_process.py",
            *map(str, (directory, tuner, trials, workers, epochs)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )


def finish(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, f"{out[-1000:]}\n{err[-3000:]}"
    assert out.endswith("complete\n")
    return out


def state(directory):
    try:
        return json.loads((directory / "trials" / "oracle.json").read_text())
    except FileNotFoundError:
        return {"end_order": [], "start_order": [], "ongoing_trials": {}}


def wait(process, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def table(directory):
    with open(directory / "trials.csv") as file:
        return list(csv.DictReader(file))


def outcome(directory):
    """The part of the table that must not depend on interruptions or the number of processes."""
    return [
        {name: row[name] for name in row if name not in ("seconds", "trial")}
        for row in table(directory)
    ]


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def workers_of(chief):
    listing = subprocess.run(
        ["ps", "--ppid", str(chief.pid), "-o", "pid="], capture_output=True, text=True, check=True
    )
    return [int(pid) for pid in listing.stdout.split()]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The table of a search that one process runs without interruption."""
    directory = tmp_path_factory.mktemp("searches") / "alone"
    finish(start(directory))
    return outcome(directory)


def test_killed_search_is_resumed(tmp_path, alone):
    """Finished trials are kept, the running one is repeated, and the table is the same as without
    interruption."""
    directory = tmp_path / "killed"
    process = start(directory)
    wait(process, lambda: len(state(directory)["end_order"]) == 2)
    wait(process, lambda: len(state(directory)["start_order"]) == 3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(state(directory)["end_order"]) == 2, "it was not killed in time to prove anything"
    kept = [directory / "trials" / f"trial_{name}" / "trial.json" for name in "01"]
    before = [path.stat().st_mtime_ns for path in kept]
    assert "resuming the search: 2 trials are kept" in finish(start(directory))
    assert [path.stat().st_mtime_ns for path in kept] == before
    assert outcome(directory) == alone


def test_chief_and_two_workers(tmp_path, alone):
    """Two processes share the trials; one that is killed is restarted with its trial."""
    directory = tmp_path / "search"
    chief = start(directory, workers=2)
    wait(chief, lambda: set(state(directory)["ongoing_trials"]) == {"tuner0", "tuner1"})
    workers = workers_of(chief)
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    assert "workers tuner0 (process" in finish(chief)
    assert not (directory / "examples").exists()
    logs = sorted((directory / "logs").iterdir())
    assert [path.name for path in logs] == ["tuner0.log", "tuner1.log"]
    assert sorted(path.read_text().count("takes part in the search") for path in logs) == [1, 2]
    # Another number of threads may round differently.
    for shared, single in zip(outcome(directory), alone, strict=True):
        for name in ("validation_loss", "validation_metric"):
            assert float(shared[name]) == pytest.approx(float(single[name]), rel=1e-3)
            del shared[name]
        assert shared.items() <= single.items()


@pytest.mark.slow
def test_workers_end_with_a_killed_chief_and_one_process_resumes(tmp_path):
    directory = tmp_path / "search"
    chief = start(directory, "hyperband", trials=0, epochs=3, workers=2)
    wait(chief, lambda: len(state(directory)["end_order"]) >= 1)
    workers = workers_of(chief)
    chief.send_signal(signal.SIGKILL)
    chief.communicate()
    deadline = time.monotonic() + 10
    while not all(map(gone, workers)):
        assert time.monotonic() < deadline, "a worker without a chief lives on"
        time.sleep(0.05)
    assert "trials are kept" in finish(start(directory, "hyperband", trials=0, epochs=3))
    assert [row["status"] for row in table(directory)] == ["completed"] * 6
