"""Losses compared on image files in real processes: a command that is killed and repeated."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
LOSSES = ("pixel", "perceptual")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two classes that differ in colour, one folder each, and a file that is no image."""
    folder, generator = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name, colour in (("red", (220, 40, 40)), ("blue", (40, 40, 220))):
        (folder / name).mkdir()
        for number in range(30):
            noise = generator.integers(-30, 30, (20, 24, 3))
            image = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(image).save(folder / name / f"{number}.png")
    (folder / "red" / "broken.jpg").write_bytes(b"no image")
    return folder


def start(folder, photos, *flags):
    command = [
        sys.executable,
        str(CHECKOUT / "evaluate.py"),
        "--compare",
        ",".join(LOSSES),
        "--seeds",
        "2",
    ]
    command += [
        "--comparator",
        "random_alexnet:relu2",
        "--dataset",
        f"folder:{photos}",
        "--data-dir",
    ]
    command += [
        str(photos.parent / "data"),
        "--image-size",
        "64",
        "--latent-dim",
        "4",
        "--batch-size",
        "8",
    ]
    command += ["--epochs", "2", "--probes", "linear,knn", "--label-fractions", "0.5,1", "--card"]
    return subprocess.Popen(
        [*command, "--run-dir", str(folder), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )


def finish(process, code=0):
    out, err = process.communicate(timeout=400)
    assert process.returncode == code, f"{out[-1000:]}\n{err[-3000:]}"
    return out


@pytest.fixture(scope="module")
def study(tmp_path_factory, photos):
    """A comparison that was killed while it trained its third run, and repeated."""
    folder = tmp_path_factory.mktemp("study") / "verdict"
    killed = start(folder, photos)
    third = folder / f"{LOSSES[0]}-seed1" / "config.json"
    while killed.poll() is None and not third.exists():
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert (folder / "pixel-seed0" / "encoder").is_dir()
    assert not (folder / "pixel-seed1" / "encoder").is_dir(), "it was killed too late for this test"
    return folder, finish(start(folder, photos))


def test_finished_runs_are_reused_and_the_table_has_all_rows(study):
    _, out = study
    assert out.count("finished already") == 2
    assert "2 runs to train, about" in out
    for word in ("AE", "P. AE", "PCA of pixels", "Random encoder", "Supervised encoder", "Chance"):
        assert word in out, word


def test_one_row_a_loss_over_encoder_seeds(study):
    with open(study[0] / "report" / "results.csv") as file:
        rows = list(csv.DictReader(file))
    for loss in LOSSES:
        (row,) = (row for row in rows if row["run"] == loss and row["probe"] == "linear")
        assert (row["over"], row["seeds"], row["metric"]) == ("encoder", "2", "accuracy")
        assert len(row["values"].split()) == 2
    assert {row["run"] for row in rows} == {
        *LOSSES,
        "pca",
        "random_encoder",
        "comparator_features",
        "supervised",
    }
    (supervised,) = (row for row in rows if row["run"] == "supervised" and row["probe"] == "linear")
    assert float(supervised["value"]) > float(supervised["chance"]), (
        "red and blue are told apart with labels"
    )


def test_the_page_and_its_figures_exist(study):
    report = study[0] / "report"
    assert (report / "report.html").stat().st_size > 10_000
    figures = {path.stem for path in (report / "figures").iterdir()}
    assert {"seeds", "efficiency"} <= figures


def test_a_second_call_computes_nothing(study, photos):
    folder, _ = study
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("best.npz")}
    out = finish(start(folder, photos))
    assert out.count("finished already") == 4
    assert "runs to train" not in out
    assert "linear probes on" not in out
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("best.npz")} == before


def test_other_arguments_are_another_comparison(study, photos):
    folder, _ = study
    process = start(folder, photos, "--latent-dim", "5")
    _, err = process.communicate(timeout=100)
    assert process.returncode == 2
    assert len(err.splitlines()) == 1
    assert "a comparison continues only its own runs" in err


def results(folder):
    with open(folder / "report" / "results.csv") as file:
        return {
            (row["run"], row["probe"], row["metric"]): row["values"] for row in csv.DictReader(file)
        }


def test_three_processes_one_of_them_killed_make_the_table_of_one(photos, tmp_path):
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    finish(start(alone, photos, "--deterministic"))
    doomed = start(shared, photos, "--deterministic")
    first = shared / f"{LOSSES[0]}-seed0" / "config.json"
    while doomed.poll() is None and not first.exists():
        time.sleep(0.02)
    others = [start(shared, photos, "--deterministic") for _ in range(2)]
    doomed.send_signal(signal.SIGKILL)
    doomed.communicate()
    outputs = [finish(process) for process in others]
    assert results(shared) == results(alone)
    trained = sum(text.count("trained 2 epochs") for text in outputs)
    assert trained == 4, "each run was trained once"
    assert all("report: " in text for text in outputs)
