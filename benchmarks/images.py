"""Speed of reading batches from image files, compared with `tf.io.decode_jpeg` alone.

    python benchmarks/images.py FOLDER [FOLDER...]

Each folder holds JPEG files, with or without class folders. Three ways take turns in each round, so
that other load on the machine slows all of them:

* `alone`: tf.data reads and decodes every file at its full size with `tf.io.decode_jpeg`, two calls
  at a time, with prefetch, without resizing and batches;
* `batches`: training batches with `--cache none`: read, decode, resize to 64x64, gather, and cast
  to float32;
* `pass`: the first pass over the folder with `--cache disk`: read, digest, decode, resize, and
  write to the cache.

The first two read the files until they have read 4,000 or more, so that the start does not count.
Images per second and microseconds of processor time for an image are medians over the rounds. The
ratio is the median of the ratio of speeds in each round. With other load on the machine, trust the
processor time.
"""

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfdeepsim.data import open_dataset
from tfdeepsim.data.dataset import Dataset
from tfdeepsim.data.images.folder import Folder
from tfdeepsim.data.pipeline import training_batches, without_autotuning
from tfdeepsim.options import DataOptions

BATCH_SIZE, LEAST_IMAGES = 64, 4000


class Cost(NamedTuple):
    """Time for one image, in seconds.

    Attributes:
        wall: Wall-clock time.
        processor: Processor time of all threads.
    """

    wall: float
    processor: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for folder in arguments.folders:
        paths = [f"{folder}/{file.name}" for file in Folder(folder).files]
        # The first round reads the disk and warms up.
        rounds = [one_round(folder, paths) for _ in range(1 + arguments.rounds)][1:]
        print(
            f"{folder}: {len(paths):,} files\n           images/s  us of processor  ratio to alone"
        )
        for name in rounds[0]:
            speed = statistics.median(1 / costs[name].wall for costs in rounds)
            processor = statistics.median(costs[name].processor for costs in rounds)
            ratio = statistics.median(costs["alone"].wall / costs[name].wall for costs in rounds)
            print(f"{name:8s} {speed:10,.0f} {processor * 1e6:16,.0f} {ratio:15.2f}", flush=True)


def one_round(folder: str, paths: list[str]) -> dict[str, Cost]:
    """Costs of each way."""
    with tempfile.TemporaryDirectory() as data_dir:
        repeated = paths * math.ceil(LEAST_IMAGES / len(paths))
        steps = len(repeated) // BATCH_SIZE
        alone = cost(lambda: decode_alone(repeated), len(repeated))
        first_pass = cost(lambda: opened(folder, data_dir, "disk"), len(paths))
        dataset = opened(folder, data_dir, "none")
        batches = cost(lambda: train_on(dataset, steps), steps * BATCH_SIZE)
    return {"alone": alone, "batches": batches, "pass": first_pass}


def cost(work: Callable[[], object], images: int) -> Cost:
    """Cost of `work`, which reads `images` images."""
    begin, processor = time.perf_counter(), time.process_time()
    work()
    return Cost((time.perf_counter() - begin) / images, (time.process_time() - processor) / images)


def decode_alone(paths: list[str]) -> None:
    def decode(path: tf.Tensor) -> tf.Tensor:
        return tf.io.decode_jpeg(tf.io.read_file(path), channels=3)

    data = (
        tf.data.Dataset.from_tensor_slices(paths)
        .map(decode, num_parallel_calls=2)
        .prefetch(BATCH_SIZE)
    )
    for _ in without_autotuning(data):
        pass


def opened(folder: str, data_dir: str, cache: str) -> Dataset:
    return open_dataset(f"folder:{folder}", data_dir, DataOptions(cache=cache))


def train_on(dataset: Dataset, steps: int) -> None:
    split = dataset.split("encoder_train")
    for _ in training_batches(split, batch_size=BATCH_SIZE, seed=0, steps=range(steps)):
        pass


if __name__ == "__main__":
    main()
