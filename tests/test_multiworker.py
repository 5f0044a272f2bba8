"""Several workers train as one process does: real processes on 127.0.0.1."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tfdeepsim.arrays import load_arrays

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forked")
SCRIPT = Path(__file__).with_name("multiworker.py")
SYSTEMS = ("pixel", "perceptual", "deepsim", "inversion")


def workers_of(folder, count):
    done = subprocess.run(
        [sys.executable, SCRIPT, folder, str(count)],
        # oneDNN chooses its arithmetic by the batch that one worker has.
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[1]), "TF_ENABLE_ONEDNN_OPTS": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    names = ["one", *(f"worker{number}" for number in range(count))]
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in names}


def state(folder, name, system):
    with np.load(folder / f"{name}-{system}.npz") as arrays:
        return list(arrays.values())


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    return folder, workers_of(folder, 2)


def check_systems(folder, seen):
    for system in SYSTEMS:
        one = state(folder, "one", system)
        first, *others = [state(folder, name, system) for name in seen if name != "one"]
        # Weights, moments, random state, and the gate.
        for other in others:
            for a, b in zip(first, other, strict=True):
                np.testing.assert_array_equal(a, b, system)
        for a, b in zip(one, first, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-6, err_msg=system)
        assert seen["worker1"][system] == seen["worker0"][system]
        logs = [dict(seen[name][system]) for name in ("one", "worker0")]
        for log in logs:
            # A mean over batches, and validation has other batches.
            log.pop("val_ratio", None)
        assert logs[1] == pytest.approx(logs[0], rel=1e-4, abs=1e-6)


def test_two_workers_do_what_one_process_does(pair):
    check_systems(*pair)


def test_two_workers_do_the_same_again(pair):
    folder, _ = pair
    for a, b in zip(
        state(folder, "worker0", "pixel"), state(folder, "worker0", "again"), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_the_chief_writes_the_run_and_all_resume_it(pair):
    folder, seen = pair
    assert [seen[f"worker{number}"]["is given a network"] for number in range(2)] == [True, False]
    assert [path.name for path in folder.glob("*run*")] == ["run0"]
    rows = list(csv.DictReader((folder / "run0" / "history.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["loss"]) < float(rows[0]["loss"])
    assert (folder / "run0" / "samples.npz").is_file()


def test_workers_that_were_interrupted_go_on_at_their_step(pair):
    folder, _ = pair
    for number, step in enumerate((2, 3)):
        _, record = load_arrays(folder / f"interrupted_{number}.npz")
        assert record["epoch_steps"] == record["step"] == step
        assert {len(values) for of in record["means"].values() for values in of} == {2}
    assert not (folder / "interrupted1").exists()
    for file in ("state.npz", "best.npz"):
        (ours, _), (others, _) = (
            load_arrays(folder / run / file) for run in ("interrupted0", "run0")
        )
        for a, b in zip(ours, others, strict=True):
            np.testing.assert_array_equal(a, b)
    assert history(folder / "interrupted0") == history(folder / "run0")


def history(run):
    with open(run / "history.csv") as file:
        rows = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if k != "images_per_second"} for row in rows]


def test_a_worker_with_another_config_is_named_by_all(pair):
    folder, seen = pair
    for name in ("worker0", "worker1"):
        message = seen[name]["refused"]
        assert message.startswith("all workers train with the same configuration")
        assert "--learning-rate 0.5 of worker 1, 0.001 of worker 0" in message
    assert not list(folder.glob("refused*"))


@pytest.mark.slow
def test_three_workers_do_what_one_process_does(tmp_path):
    check_systems(tmp_path, workers_of(tmp_path, 3))
