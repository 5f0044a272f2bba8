"""Runs that invert AlexNet, which several recipes share: a recipe uses the runs that an earlier one
has trained.

The folder holds one run for each layer, system and seed, e.g. `relu6-deepsim-seed0`, and, unless
weights are given, the run `alexnet`: fully connected layers that are trained on the labels of the
dataset, on top of the convolutions of ImageNet's AlexNet (`--convolutions`). The full size is
500,000 steps of 64 ImageNet images of 227 pixels. With `--scale` below 1, it is that share of the
steps, with images of 64 pixels and half the channels.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.config import TrainConfig
from tfdeepsim.console import PlainConsole
from tfdeepsim.data.chosen_images import chosen_images
from tfdeepsim.inversion_evaluation import TEST_IMAGES
from tfdeepsim.lock import locked
from tfdeepsim.recipes.paper_settings import (
    CAFFE_WEIGHTS,
    VIDEONET,
    is_caffe,
    optimization,
    paper_weights,
    print_departures,
)
from tfdeepsim.recipes.scale import scaled_steps
from tfdeepsim.recipes.trained_comparators import (
    CONVOLUTIONS,
    alexnet_departure,
    trained_alexnet,
    trained_videonet,
)
from tfdeepsim.run import RunDirectory
from tfdeepsim.study import ensure_trained
from tfdeepsim.work_sharing import in_turn

RUN_DIR = "runs/inversions"
STEPS = 500_000
SMALL: dict[str, Any] = {"image_size": 64, "width": 0.5}
FULL: dict[str, Any] = {"image_size": 227, "shorter_side": 256, "augment": "crop"}
LAYERS = {"conv5": "pool5", "fc6": "relu6", "fc7": "relu7", "fc8": "fc8"}
"""Layers as Dosovitskiy & Brox 2016 name them, and the layer of AlexNet that is inverted: after the
pooling or the ReLU."""

DEEPSIM: dict[str, Any] = {
    "loss": "deepsim",
    "comparator": "alexnet:pool5",
    "lambda_feat": 0.25,
    "lambda_adv": 0.1,
    "lambda_img": 10.0,
}
"""The feature term leads, as in the code of the paper, and has the same weight with every
comparator, since feature errors are relative. The weight was 20 for absolute errors of pool5 of an
AlexNet trained on CIFAR-10; the mean square of these features is 0.012, so the relative weight is
0.25. At a blurred image of STL-10, the feature term then has 15 times the gradient of the image
term with pool5 of ImageNet's AlexNet, and 2.5 times with a random AlexNet."""
SYSTEMS: dict[str, dict[str, Any]] = {
    "deepsim": DEEPSIM,
    # The image term weighs the same as in `deepsim`.
    "pixel": {"loss": "pixel", "lambda_img": DEEPSIM["lambda_img"]},
    "without-img": DEEPSIM | {"lambda_img": 0.0},
    "without-feat": {"loss": "pixel"}
    | {name: DEEPSIM[name] for name in ("lambda_adv", "lambda_img")},
    "without-adv": DEEPSIM | {"lambda_adv": 0.0},
    "fc6-comparator": DEEPSIM | {"comparator": "alexnet:relu6"},
    "random-comparator": DEEPSIM | {"comparator": "random_alexnet:pool5"},
    "videonet-comparator": DEEPSIM | {"comparator": "videonet:pool5"},
    "noise": DEEPSIM | {"noise_dim": 16},
    "diverse": DEEPSIM | {"noise_dim": 16, "lambda_diversity": 1.0},
}
"""Fields of a `TrainConfig`, by the name of a system, that is of a loss."""


class InversionRuns:
    """Runs that invert AlexNet, in one folder.

    Args:
        run_dir: The folder.
        scale: Share of the number of steps; below 1, images and networks are small.
        dataset: Name of a dataset of colour images; with labels, unless there are
            `comparator_weights`.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet with its fully connected layers; None to train these
            first.
        dry_run: Print the cost of each run, and train nothing.
        convolutions: What is below the layers that are trained, as `TrainConfig.convolutions`.

    Example:
        >>> inversions = InversionRuns("runs/inversions", 0.0006, "zip:photos.zip")
        >>> inversions.train_alexnet()
        >>> inversions.train([("relu6", "deepsim", 0)])
    """

    def __init__(
        self,
        run_dir: str,
        scale: float = 1.0,
        dataset: str = "imagenet",
        data_dir: str | None = None,
        comparator_weights: str | None = None,
        dry_run: bool = False,
        convolutions: str = CONVOLUTIONS,
    ):
        self.folder = Path(run_dir)
        self.dataset = dataset
        self.data_dir = data_dir
        self.steps = scaled_steps(STEPS, scale)
        self.size: dict[str, Any] = FULL if scale == 1 else SMALL
        self.scale = scale
        self.alexnet = comparator_weights
        self.network = "caffe_alexnet" if is_caffe(comparator_weights) else "alexnet"
        self.videonet = RunDirectory(self.folder / "videonet")
        self.dry_run = dry_run
        self.convolutions = convolutions
        self.console = PlainConsole()

    def config(self, layer: str, system: str, seed: int = 0) -> TrainConfig:
        """The config of a run.

        Args:
            layer: Layer of AlexNet to invert, e.g. `relu6`.
            system: One of `SYSTEMS`.
            seed: Seed of the run.
        """
        fields = dict(SYSTEMS[system])
        network, _, features = fields.get("comparator", "").partition(":")
        if network == "alexnet":
            fields["comparator"] = f"{self.network}:{features}"
        if self.scale == 1:
            fields = paper_weights(fields, self.size["image_size"], DEEPSIM["lambda_img"])
        weights = {"alexnet": self.alexnet, "videonet": str(self.videonet.path)}
        return TrainConfig(
            task="inversion",
            invert=f"{self.network}:{layer}",
            invert_weights=self.alexnet,
            comparator_weights=weights.get(network),
            seed=seed,
            dataset=self.dataset,
            data_dir=self.data_dir,
            steps=self.steps,
            **optimization(self.scale, self.steps),
            **self.size,
            **fields,
        )

    def run(self, layer: str, system: str, seed: int = 0) -> RunDirectory:
        """The run directory; arguments as of `config`."""
        return RunDirectory(self.folder / f"{layer}-{system}-seed{seed}")

    def print_departures(self, runs: Sequence[tuple[str, str]]) -> None:
        """Print which settings are not the paper's.

        Args:
            runs: Layer and system of each run.
        """
        paper = InversionRuns(str(self.folder), comparator_weights=CAFFE_WEIGHTS)
        rows, expected = (
            {f"{layer} {system}": of.config(layer, system) for layer, system in runs}
            for of in (self, paper)
        )
        further = []
        if self.alexnet is None:
            further.append(alexnet_departure(self.dataset, self.convolutions))
        if any(_needs_videonet(system) for _, system in runs):
            further.append(VIDEONET)
        print_departures(rows, expected, self.console, further)

    def train_alexnet(self) -> None:
        """Train the fully connected layers of the AlexNet that is inverted, unless there are
        weights or a finished run."""
        if self.alexnet is None:
            self.alexnet = trained_alexnet(
                RunDirectory(self.folder / "alexnet"),
                dataset=self.dataset,
                data_dir=self.data_dir,
                image_size=self.size["image_size"],
                convolutions=self.convolutions,
                dry_run=self.dry_run,
                console=self.console,
            )

    def train(self, runs: Sequence[tuple[str, str, int]]) -> None:
        """Train runs, or resume them; finished runs are left as they are.

        Several processes can share the work; this returns when all runs are finished.

        Args:
            runs: Layer, system and seed of each run, as of `config`.
        """
        paths = {key: self.run(*key).path for key in runs}
        for layer, system, seed in runs if self.dry_run else in_turn(paths, self.console):
            self._train(layer, system, seed)

    def _train(self, layer: str, system: str, seed: int) -> None:
        needs_videonet = _needs_videonet(system)
        if needs_videonet:
            trained_videonet(self.videonet, self.data_dir, self.dry_run, self.console)
        run = self.run(layer, system, seed)
        self.console.rule(run.name)
        if self.alexnet is None or (needs_videonet and not self.videonet.comparator.is_file()):
            self.console.print("its cost is known when the networks that it needs are trained")
            return
        config = self.config(layer, system, seed)
        ensure_trained(config, run, dry_run=self.dry_run, console=self.console)


def _needs_videonet(system: str) -> bool:
    return SYSTEMS[system].get("comparator", "").startswith("videonet")


def train_and_report(
    runs: Sequence[tuple[str, str]],
    report: Callable[[InversionRuns, np.ndarray], None],
    run_dir: str = RUN_DIR,
    **options: Any,
) -> None:
    """Train the runs that a recipe needs, unless they are finished, and write its report.

    Args:
        runs: Layer and system of each run; its seed is 0.
        report: Function that writes the report, of the runs and of test images, uint8 [N, H, W, 3].
        run_dir: Folder that the runs and the report are written to.
        **options: Other arguments of `InversionRuns`.
    """
    inversions = InversionRuns(run_dir, **options)
    inversions.print_departures(runs)
    inversions.train_alexnet()
    inversions.train([(layer, system, 0) for layer, system in runs])
    if not inversions.dry_run:
        with locked(inversions.folder):
            report(inversions, chosen_images(inversions.config(*runs[0]), TEST_IMAGES))
