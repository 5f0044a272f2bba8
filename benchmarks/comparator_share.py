"""The share of each comparator in the time of a training step: perceptual autoencoder (Pihlgren et
al. 2020), batch 64, 64x64, noise in place of images.

    python benchmarks/comparator_share.py

The comparator computes the features of the targets and of generated images, and the gradient with
respect to the latter. It is timed alone, the features of the targets once more alone, which would
be saved if they were kept from one epoch to the next, and the step inside `fit`, all in one
process. Weights are random, which does not change the time.
"""

import argparse
import math
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import tensorflow as tf
from safetensors.numpy import save_file

from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.comparators.spec import ARCHITECTURES, parse
from tfdeepsim.comparators.weights.load import random_weights
from tfdeepsim.config import TrainConfig
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model
from tfdeepsim.training.comparator_record import comparator_seconds
from tfdeepsim.training.plan import measure_step

SPECS = (
    *(
        "random_alexnet:relu2",
        "random_alexnet:relu5",
        "random_alexnet:relu1+relu2+relu5",
        "random_alexnet:fc6",
    ),
    *("caffe_alexnet:pool5", "videonet:pool5", "exemplar_cnn:relu2", "exemplar_cnn:conv3"),
)


def target_seconds(comparator: Comparator, images: tf.Tensor) -> float:
    """Seconds of the features of the targets."""
    features = tf.function(lambda x: [tf.reduce_sum(f) for f in tf.nest.flatten(comparator(x))])
    features(images)
    begin = time.perf_counter()
    features(images)[-1].numpy()
    return time.perf_counter() - begin


def share(spec: str, folder: Path, rounds: int) -> tuple[float, float, float, float]:
    """Milliseconds of a training step, of the comparator in it, and of the features of the targets:
    medians over rounds. Last, the size of an image's features in kB."""
    comparator = parse(spec)
    weights = None
    if comparator.name != "random_alexnet":
        weights = str(folder / f"{comparator.name}.safetensors")
        save_file(
            random_weights(ARCHITECTURES[comparator.name].tensor_shapes(*comparator.layers), 0),
            weights,
        )
    task = AutoencoderTask(
        TrainConfig(loss="perceptual", comparator=spec, comparator_weights=weights)
    )
    model, batch = build_model(task), task.trial_batch()
    images = batch["image"]
    measured = [
        (
            measure_step(model, batch),
            comparator_seconds(model, batch),
            target_seconds(model.comparator, images),
        )
        for _ in range(rounds)
    ]
    step, alone, of_targets = (
        1e3 * statistics.median(values) for values in zip(*measured, strict=True)
    )
    numbers = sum(map(math.prod, model.comparator.feature_shapes(tuple(images.shape[1:3]))))
    return step, alone, of_targets, 4 * numbers / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    titles = ("step, ms", "comparator, ms", "share", "targets, ms", "share", "kB an image")
    print(f"{'comparator':34}" + "".join(f"{title:>16}" for title in titles))
    with tempfile.TemporaryDirectory() as folder:
        for spec in SPECS:
            step, alone, of_targets, size = share(spec, Path(folder), rounds)
            print(
                f"{spec:34}{step:16.0f}{alone:16.0f}{alone / step:16.0%}"
                f"{of_targets:16.0f}{of_targets / step:16.0%}{size:16,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
