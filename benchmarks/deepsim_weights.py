"""Which weights of `--loss deepsim`? A grid of short trainings, judged on validation images.

    python benchmarks/deepsim_weights.py zip:stl10.zip --run-dir runs/deepsim_weights

Autoencoders of Table 2 of Dosovitskiy & Brox 2016, at half width, are trained under different
weights of the terms, relative feature errors and batches of 32. Prints for each the image error,
the FID over pool5 of the bundled AlexNet, and r = L_discr / L_adv of the last epoch. Runs that are
finished are kept.
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.comparators import make_comparator
from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.export import load_generator
from tfdeepsim.fidelity.fidelity import measure
from tfdeepsim.recipes.images import reconstruct
from tfdeepsim.run import RunDirectory
from tfdeepsim.study import ensure_trained

IMAGES = 500
RUNS: dict[str, dict[str, Any]] = {
    "conv3, 1 : 0.01 : 5": {"lambda_adv": 0.01, "lambda_img": 5.0},
    "conv3, 1 : 0.01 : 20": {"lambda_adv": 0.01, "lambda_img": 20.0},
    "conv3, 1 : 0.03 : 20": {"lambda_adv": 0.03, "lambda_img": 20.0},
    "conv3, shares": {"lambda_units": "shares"},
    "conv3, 1 : 0.01 : 5, late": {"lambda_adv": 0.01, "lambda_img": 5.0, "adversarial_start": 0.5},
    "pool5, 1 : 0.01 : 5": {
        "comparator": "alexnet:pool5", "lambda_adv": 0.01, "lambda_img": 5.0,
    },
    "pool5, 1 : 0.01 : 20": {
        "comparator": "alexnet:pool5", "lambda_adv": 0.01, "lambda_img": 20.0,
    },
    "Exemplar-CNN, 1 : 0.01 : 5": {
        "comparator": "exemplar_cnn:conv3", "lambda_adv": 0.01, "lambda_img": 5.0,
    },
}  # fmt: skip
"""Comparator, and weights feature : adversarial : image. A late discriminator joins after that
share of the steps."""


def config_of(fields: dict[str, Any], dataset: str, steps: int) -> TrainConfig:
    start = fields.get("adversarial_start", 0)
    return TrainConfig(
        **{"comparator": "alexnet:conv3", **fields, "adversarial_start": round(start * steps)},
        dataset=dataset,
        network="dosovitskiy",
        width=0.5,
        image_size=64,
        shorter_side=96,
        augment="crop",
        loss="deepsim",
        steps=steps,
        batch_size=32,
        learning_rate=5e-4,
        patience=steps,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dataset", help="as for train.py")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--run-dir", default="runs/deepsim_weights")
    arguments = parser.parse_args()
    extractor = make_comparator("alexnet:pool5")
    lines = []
    for name, fields in RUNS.items():
        config = config_of(fields, arguments.dataset, arguments.steps)
        folder = name.replace(" : ", "-").replace(", ", "_").replace(" ", "-")
        run = RunDirectory(Path(arguments.run_dir, folder))
        ensure_trained(config, run)
        split = open_dataset(config.dataset, None, config).split("encoder_validation")
        targets = np.asarray(split.images[:IMAGES])
        images = reconstruct(load_generator(run), targets)
        result = measure(targets, images, lambda batch: extractor(batch).numpy())
        with open(run.history) as file:
            ratio = float(list(csv.DictReader(file))[-1]["ratio"])
        lines.append(
            f"{name:28} error {result.normalized_error:.3f}  FID {result.fid:6.0f}  r {ratio:.2f}"
        )
    print(*lines, sep="\n")


if __name__ == "__main__":
    main()
