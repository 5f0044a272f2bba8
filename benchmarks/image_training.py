"""Speed of training on image files and shards that are decoded at each use, relative to training on
kept pixels.

    python benchmarks/image_training.py FOLDER [FOLDER...]

Each folder holds image files. An autoencoder with a pixel loss, the model that trains fastest, is
trained by `fit` at 64x64 pixels and batches of 64. The ways to read take turns in each round, so
that other load on the machine slows all of them:

* `kept`: decoded pixels, mapped from a file (`--cache disk`);
* `files`: `--cache none`;
* `shards`: the same files in shards;
* `constant`: one batch, which is never read again.

`batches` are the same without a model: reading alone. Images per second are medians over the
rounds; the ratio to `kept` is the median of the ratios in each round.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as train.py does

import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.data.pipeline import training_batches
from tfdeepsim.data.shards.writing import write_shards
from tfdeepsim.data.splits.split import Split
from tfdeepsim.options import DataOptions
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model

BATCH, READ_STEPS = 64, 60


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=30, help="of training in each round")
    arguments = parser.parse_args()
    model = build_model(AutoencoderTask(TrainConfig(loss="pixel")))
    for folder in arguments.folders:
        with tempfile.TemporaryDirectory() as data_dir:
            splits = opened(folder, data_dir)
            print(f"{folder}: {len(splits['kept'].images):,} training images")
            show("batches", [read(splits) for _ in range(1 + arguments.rounds)][1:])
            rounds = [train(model, splits, arguments.steps) for _ in range(1 + arguments.rounds)]
            show("training", rounds[1:])


def opened(folder: str, data_dir: str) -> dict[str, Split]:
    """The training images of each way to read."""

    def split(name: str, cache: str) -> Split:
        options = DataOptions(dataset=name, cache=cache, allow_duplicates=True)
        return open_dataset(name, data_dir, options).split("encoder_train", cache)

    files = f"folder:{folder}"
    options = DataOptions(dataset=files, cache="none", allow_duplicates=True)
    shards = Path(data_dir, "shards")
    write_shards(open_dataset(files, data_dir, options), shards)
    return {
        "kept": split(files, "disk"),
        "files": split(files, "none"),
        "shards": split(f"shards:{shards}", "none"),
    }


def rate(work: Callable[[], object], steps: int) -> float:
    """Images per second of `work`, which takes so many batches."""
    begin = time.perf_counter()
    work()
    return steps * BATCH / (time.perf_counter() - begin)


def read(splits: dict[str, Split]) -> dict[str, float]:
    """Rates of reading alone."""

    def all_of(split: Split) -> None:
        for _ in training_batches(split, batch_size=BATCH, seed=0, steps=range(READ_STEPS)):
            pass

    return {name: rate(lambda s=split: all_of(s), READ_STEPS) for name, split in splits.items()}


def train(model: tf.keras.Model, splits: dict[str, Split], steps: int) -> dict[str, float]:
    """Rates of training."""

    def fit(data: tf.data.Dataset) -> None:
        model.fit(data, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)

    data = {
        name: training_batches(split, batch_size=BATCH, seed=0, steps=range(steps))
        for name, split in splits.items()
    }
    data["constant"] = data["kept"].take(1).cache().repeat()
    return {name: rate(lambda d=batches: fit(d), steps) for name, batches in data.items()}


def show(what: str, rounds: list[dict[str, float]]) -> None:
    for name in rounds[0]:
        speed = statistics.median(rates[name] for rates in rounds)
        ratio = statistics.median(rates[name] / rates["kept"] for rates in rounds)
        print(f"  {what:8s} {name:8s} {speed:10,.0f} images/s  {ratio:6.2f}", flush=True)


if __name__ == "__main__":
    main()
