"""What `--keep-features` saves: steps of a perceptual autoencoder (Pihlgren et al. 2020) in `fit`,
batch 64, 64x64, with the features of the targets computed in each step, or read from a file.

    python benchmarks/kept_features.py

Both take turns in one process, on the same images (noise) through the same pipeline. Writing the
file is not in the times; it is one pass of the comparator.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import numpy as np

from tfdeepsim.config import TrainConfig
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model

COMPARATORS = ("alexnet:relu2", "exemplar_cnn:relu2")
IMAGES = 1024


def seconds(model: Any, task: AutoencoderTask, steps: int) -> float:
    """Seconds of a training step."""
    data = task.training(range(steps))
    begin = time.perf_counter()
    model.fit(data, steps_per_epoch=steps, shuffle=False, verbose=0)
    return (time.perf_counter() - begin) / steps


def compare(dataset: str, comparator: str, folder: Path, rounds: int, steps: int) -> str:
    """One line of the table."""
    models = {}
    for keep in ("off", "on"):
        task = AutoencoderTask(
            TrainConfig(
                dataset=dataset, loss="perceptual", comparator=comparator, keep_features=keep
            )
        )
        task.run = RunDirectory(folder / keep)
        task.run.create()
        models[keep] = build_model(task), task
    for model, task in models.values():
        seconds(model, task, 2)  # compiles, and writes the features
    times: dict[str, list[float]] = {"off": [], "on": []}
    for _ in range(rounds):
        for keep, (model, task) in models.items():
            times[keep].append(seconds(model, task, steps))
    off, on = (1e3 * statistics.median(values) for values in times.values())
    size = sum(path.stat().st_size for path in (folder / "on" / "kept_features").iterdir())
    kilobytes = size / task.examples / 1e3
    return f"{comparator:24}{off:12.0f}{on:12.0f}{off / on:12.2f}{kilobytes:14,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10)
    arguments = parser.parse_args()
    titles = ("computed, ms", "read, ms", "ratio", "kB an image")
    print(f"{'comparator':24}{titles[0]:>12}{titles[1]:>12}{titles[2]:>12}{titles[3]:>14}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = np.random.default_rng(0).integers(0, 256, (IMAGES, 64, 64, 3), np.uint8)
        np.savez(folder / "noise.npz", images=images)
        for number, comparator in enumerate(COMPARATORS):
            own = folder / str(number)
            own.mkdir()
            line = compare(
                f"npz:{folder}/noise.npz", comparator, own, arguments.rounds, arguments.steps
            )
            print(line, flush=True)


if __name__ == "__main__":
    main()
