"""The share of each comparator in the time of a training step: perceptual autoencoder (Pihlgren et
al. 2020), batch 64, 64x64, noise in place of images.

    python benchmarks/comparator_share.py

The comparator computes the features of the targets and of generated images, and the gradient with
respect to the latter. It is timed alone, and the step inside `fit`, both in one process. Weights
are random, which does not change the time.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

from safetensors.numpy import save_file

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


def share(spec: str, folder: Path, rounds: int) -> tuple[float, float]:
    """Milliseconds of a training step, and of the comparator in it: medians over rounds."""
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
    pairs = [
        (measure_step(model, batch), comparator_seconds(model, batch["image"]))
        for _ in range(rounds)
    ]
    step, alone = (1e3 * statistics.median(values) for values in zip(*pairs, strict=True))
    return step, alone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print(f"{'comparator':34} {'step, ms':>9} {'comparator, ms':>15} {'share':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for spec in SPECS:
            step, alone = share(spec, Path(folder), rounds)
            print(f"{spec:34} {step:9.0f} {alone:15.0f} {alone / step:6.0%}", flush=True)


if __name__ == "__main__":
    main()
