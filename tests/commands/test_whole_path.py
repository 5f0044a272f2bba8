"""From the simulator to a table in real processes, one of which is killed and resumed."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tfdeepsim.arrays import load_arrays
from tfdeepsim.commands import train

CHECKOUT = Path(__file__).parents[2]
EPOCHS = 5


def start(script, *arguments):
    return subprocess.Popen(
        [sys.executable, str(CHECKOUT / script), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )


def finish(process, code=0):
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, f"{out[-1000:]}\n{err[-3000:]}"
    return out, err


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny):
    """Two runs of one configuration: one left alone, one killed after its second epoch and
    resumed."""
    name, data_dir = tiny
    folder = tmp_path_factory.mktemp("runs")
    flags = [
        "--dataset",
        name,
        "--data-dir",
        data_dir,
        "--model",
        "vae",
        "--latent-dim",
        "4",
        "--deterministic",
    ]
    flags += ["--batch-size", "2", "--epochs", EPOCHS, "--run-dir"]
    outputs = {"whole": finish(start("train.py", *flags, folder / "whole"))}
    killed = start("train.py", *flags, folder / "killed")
    history = folder / "killed" / "history.csv"
    while killed.poll() is None and not (
        history.exists() and len(history.read_text().splitlines()) > 2
    ):
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    left = len(history.read_text().splitlines()) - 1
    assert 2 <= left < EPOCHS, "it was killed too late for this test"
    assert not (folder / "killed" / "encoder").exists()
    outputs["killed"] = finish(start("train.py", "--resume", "--run-dir", folder / "killed"))
    return folder, outputs


@pytest.mark.parametrize("name", ["state.npz", "best.npz"])
def test_killed_and_resumed_is_bit_for_bit_the_same(runs, name):
    (whole, meta), (resumed, other) = (
        load_arrays(runs[0] / run / name) for run in ("whole", "killed")
    )
    for a, b in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(a, b)
    assert meta.get("step") == other.get("step")


def test_quiet_output(runs):
    out, err = runs[1]["whole"]
    assert err == ""
    for word in ("parameters", "memory", "images/s", f"epoch {EPOCHS}/{EPOCHS}", "encoder:"):
        assert word in out


def test_table_and_report(runs, tiny):
    folder, _ = runs
    report = folder / "report"
    flags = [
        "--probe-seeds",
        "2",
        "--probe-epochs",
        "3",
        "--baselines",
        "pca",
        "--report-dir",
        report,
    ]
    out, _ = finish(start("evaluate.py", folder / "whole", folder / "killed", *flags))
    assert "Mean L1" in out
    assert "Chance" in out
    with open(report / "results.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows if row["metric"] == "l1"] == ["whole", "killed", "pca"]
    values = {row["run"]: row["value"] for row in rows if row["metric"] == "l1"}
    assert values["whole"] == values["killed"], "equal encoders have equal scores"
    assert (report / "report.html").stat().st_size > 10_000
    again = start("evaluate.py", folder / "whole", folder / "killed", *flags)
    _, err = finish(again, code=2)
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_interrupt_is_clean_and_resumable(tmp_path, tiny, number, code, word):
    name, data_dir = tiny
    run = tmp_path / "run"
    process = start(
        "train.py",
        "--dataset",
        name,
        "--data-dir",
        data_dir,
        "--batch-size",
        2,
        "--epochs",
        1000,
        "--run-dir",
        run,
    )
    while process.poll() is None and not (run / "state.npz").exists():
        time.sleep(0.05)
    process.send_signal(number)
    _, err = finish(process, code=code)
    assert err.strip() == f"{word}; resume with: train.py --resume --run-dir {run}"
    assert not [
        path.name
        for path in run.iterdir()
        if path.name.startswith(".") and path.name not in (".lock", ".tfdeepsim")
    ]
    _, err = finish(start("train.py", "--resume", "--run-dir", run, "--latent-dim", 7), code=2)
    assert "--resume continues with the same configuration" in err


def test_dry_run_writes_nothing(tmp_path, tiny, capsys):
    name, _ = tiny
    flags = [
        "--dataset",
        name,
        "--data-dir",
        tmp_path / "data",
        "--run-dir",
        tmp_path / "run",
        "--dry-run",
    ]
    assert train.main(["--batch-size", "2", *map(str, flags)]) == 0
    out = capsys.readouterr().out
    assert "parameters" in out
    assert "created first, about" in out
    assert list(tmp_path.iterdir()) == []
