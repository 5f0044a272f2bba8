"""Whole runs on several devices, by `train` and `fit`, on data with labels."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("run_on_two_devices.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Holds labelled images; the number of validation images is odd."""
    folder = tmp_path_factory.mktemp("devices")
    images = np.random.default_rng(0).integers(0, 256, (36, 64, 64, 3), np.uint8)
    np.savez(folder / "noise.npz", images=images, labels=np.arange(36) % 2)
    return folder


def history(folder, strategy, name):
    run = folder / f"{name}-{strategy}"
    subprocess.run(
        [sys.executable, SCRIPT, strategy, name, "npz:noise.npz", run],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])},
        check=True,
    )
    return list(csv.DictReader((run / "history.csv").read_text().splitlines()))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deepsim", "pixel", "perceptual", "inversion"])
def test_two_devices_train_as_one(folder, name):
    # Dropout draws other units, and batch statistics are of half a batch, on each device.
    tolerance = 0.3 if name in ("deepsim", "perceptual") else 1e-3
    one, two = (history(folder, strategy, name) for strategy in ("single", "mirrored"))
    for first, second in zip(one, two, strict=True):
        assert float(first["learning_rate"]) == float(second["learning_rate"])
        for term in ("loss", "val_loss"):
            assert float(second[term]) == pytest.approx(float(first[term]), rel=tolerance)
