"""Resident memory of training on 100,000 frames.

    python benchmarks/memory.py --dataset llv2/paper [--data-dir DIR] [--cache disk]

Trains a perceptual autoencoder for a few steps on the dataset's encoder frames, and prints the
largest resident memory of the process as the operating system reports it. If the dataset does not
exist, it is created first, which takes long for `llv2/paper`.
"""

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

from tfdeepsim.config import TrainConfig
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.plan import peak_bytes
from tfdeepsim.training.trainer import train


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", default="llv2/paper")
    parser.add_argument("--data-dir")
    parser.add_argument("--cache", default="memory")
    parser.add_argument("--steps", type=int, default=50)
    arguments = parser.parse_args()
    config = TrainConfig(loss="perceptual", comparator="random_alexnet:relu2", **vars(arguments))
    with tempfile.TemporaryDirectory() as folder:
        train(config, RunDirectory(Path(folder, "run")))
    print(f"peak resident memory, cache {arguments.cache}: {peak_bytes() / 2**30:.2f} GiB")


if __name__ == "__main__":
    main()
