"""InversionRuns of AlexNet that several recipes share: what one of them has trained, the others
use.

A folder holds one run for each layer, loss and seed, as `relu6-deepsim-seed0`, and `alexnet/`,
which is taught from the dataset's labels unless weights are given. Full size is 500,000 steps of 64
ImageNet images of 227 pixels; with `--scale` below 1 it is that share of the steps, at 64 pixels
and half the channels.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.recipes.scale import scaled_steps
from tfdeepsim.recipes.trained_comparators import taught_alexnet, taught_videonet
from tfdeepsim.run import RunDirectory

RUN_DIR = "runs/inversions"
STEPS = 500_000
LEARNING_RATE = 5e-4
"""Higher than the paper's 0.0002, which leaves all of them half trained at few steps."""
EPOCHS_OF_ALEXNET = 8
SMALL: dict[str, Any] = {"image_size": 64, "width": 0.5}
FULL: dict[str, Any] = {"image_size": 227, "shorter_side": 256}
LAYERS = {"conv5": "pool5", "fc6": "relu6", "fc7": "relu7", "fc8": "fc8"}
"""What [D] calls them to what they are: with the pooling and the rectification behind them."""

DEEPSIM: dict[str, Any] = {
    "loss": "deepsim",
    "comparator": "alexnet:pool5",
    "lambda_feat": 20.0,
    "lambda_adv": 0.1,
    "lambda_img": 10.0,
}
"""The features lead, as in the paper's code: they have some 80 % of the gradient at the image, the
image term 15, the discriminator 5."""
SYSTEMS: dict[str, dict[str, Any]] = {
    "deepsim": DEEPSIM,
    # The same weight of the image as in `deepsim`.
    "pixel": {"loss": "pixel", "lambda_img": DEEPSIM["lambda_img"]},
    "without-img": DEEPSIM | {"lambda_img": 0.0},
    "without-feat": {"loss": "pixel"}
    | {name: DEEPSIM[name] for name in ("lambda_adv", "lambda_img")},
    "without-adv": DEEPSIM | {"lambda_adv": 0.0},
    "fc6-comparator": DEEPSIM | {"comparator": "alexnet:relu6"},
    # So that the gradient of its features is as large as that of the trained one.
    "random-comparator": DEEPSIM | {"comparator": "random_alexnet:pool5", "lambda_feat": 0.4},
    # Its features are of pixels from 0 to 255: squares some 5,000 times as large.
    "videonet-comparator": DEEPSIM | {"comparator": "videonet:pool5", "lambda_feat": 4e-3},
    "noise": DEEPSIM | {"noise_dim": 16},
    "diverse": DEEPSIM | {"noise_dim": 16, "lambda_diversity": 1.0},
}
"""Fields of a `TrainConfig` by the name of a loss."""


class InversionRuns:
    """Runs that invert AlexNet, in one folder.

    Args:
        run_dir: The folder.
        scale: Of the number of steps; below 1 networks and images are small.
        dataset: Of colour images; with labels, unless `comparator_weights` is given.
        data_dir: Where datasets are.
        comparator_weights: Of AlexNet with its fully connected layers; None to teach one first.
        dry_run: Show what each run would cost, and train nothing.
    """

    def __init__(
        self,
        run_dir: str,
        scale: float = 1.0,
        dataset: str = "imagenet",
        data_dir: str | None = None,
        comparator_weights: str | None = None,
        dry_run: bool = False,
    ):
        self.folder = Path(run_dir)
        self.dataset = dataset
        self.data_dir = data_dir
        self.steps = scaled_steps(STEPS, scale)
        self.size: dict[str, Any] = FULL if scale == 1 else SMALL
        self.alexnet = comparator_weights
        self.videonet = RunDirectory(self.folder / "videonet")
        self.dry_run = dry_run
        self.console = rich.console.Console()

    def config(self, layer: str, system: str, seed: int = 0) -> TrainConfig:
        """What is trained: one of `SYSTEMS` on a layer of AlexNet.

        Args:
            layer: AlexNet's own name of it, e.g. `relu6`.
            system: One of `SYSTEMS`.
            seed: Of the run.
        """
        fields = SYSTEMS[system]
        network = fields.get("comparator", "").partition(":")[0]
        known = {"alexnet": self.alexnet, "videonet": str(self.videonet.path)}
        return TrainConfig(
            task="inversion",
            invert=f"alexnet:{layer}",
            invert_weights=self.alexnet,
            comparator_weights=known.get(network),
            learning_rate=LEARNING_RATE,
            seed=seed,
            dataset=self.dataset,
            data_dir=self.data_dir,
            steps=self.steps,
            **self.size,
            **fields,
        )

    def run(self, layer: str, system: str, seed: int = 0) -> RunDirectory:
        """Where it is."""
        return RunDirectory(self.folder / f"{layer}-{system}-seed{seed}")

    def teach(self) -> None:
        """See that there is an AlexNet to invert."""
        if self.alexnet is None:
            self.alexnet = taught_alexnet(
                RunDirectory(self.folder / "alexnet"),
                dataset=self.dataset,
                data_dir=self.data_dir,
                epochs=EPOCHS_OF_ALEXNET,
                image_size=self.size["image_size"],
                dry_run=self.dry_run,
                console=self.console,
            )

    def train(self, layer: str, system: str, seed: int = 0) -> None:
        """Train a run, or go on with it; leave it if it is finished."""
        from tfdeepsim.study import ensure_trained

        filmed = SYSTEMS[system].get("comparator", "").startswith("videonet")
        if filmed:
            taught_videonet(self.videonet, self.data_dir, self.dry_run, self.console)
        self.console.rule(self.run(layer, system, seed).name)
        if self.alexnet is None or (filmed and not self.videonet.comparator.is_file()):
            self.console.print(
                "its cost is known when the networks that it needs are there", highlight=False
            )
            return
        config, run = self.config(layer, system, seed), self.run(layer, system, seed)
        ensure_trained(config, run, dry_run=self.dry_run, console=self.console)


def follow(
    runs: Sequence[tuple[str, str]],
    report: Callable[[InversionRuns, np.ndarray], None],
    run_dir: str = RUN_DIR,
    **options: Any,
) -> None:
    """A recipe: train the runs that it needs, unless they are there, and report.

    Args:
        runs: Layer and loss of each; of the first seed.
        report: Given the runs and some test images, uint8 [N, H, W, 3].
        run_dir: Holds the runs and what the report writes.
        **options: As for `InversionRuns`.
    """
    inversions = InversionRuns(run_dir, **options)
    inversions.teach()
    for layer, system in runs:
        inversions.train(layer, system)
    if not inversions.dry_run:
        from tfdeepsim.data.chosen_images import chosen_images
        from tfdeepsim.inversion_evaluation import TEST_IMAGES

        report(inversions, chosen_images(inversions.config(*runs[0]), TEST_IMAGES))
