"""Table 1 of Pihlgren et al. 2020: three datasets, four encoders, obtained beside reported.

    python train.py --recipe table1 --scale 0.01                   # small, for a laptop
    python train.py --recipe table1 --data-dir DIR --comparator-weights alexnet-owt-7be5be79.pth

Full size is 105,000 LunarLander frames for each of three purposes, 50 epochs, batches of 512, three
seeds an
encoder: days on a laptop, which the command says before it starts. LLv2 is simulated. STL-10 and
    SVHN are
read where their files are; if they are not, a line says which files to put where.
"""

import math
from pathlib import Path
from typing import Any

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import describe, open_dataset
from tfdeepsim.errors import InputError
from tfdeepsim.recipes.systems import print_reported, systems
from tfdeepsim.scores import Score

ROLLOUTS = 700
EPOCHS = 50
SEEDS = 3
BATCH_SIZE = 512
# The authors tile SVHN's 32 pixels to 64.
IMAGES: dict[str, dict[str, Any]] = {
    "llv2": {},
    "stl10": {"dataset": "stl10"},
    "svhn": {"dataset": "svhn", "image_size": 64, "resize": "tile"},
}


def configs(
    scale: float = 1.0, data_dir: str | None = None, comparator_weights: str | None = None
) -> dict[str, dict[str, TrainConfig]]:
    """What is trained, by dataset and by the name of its row.

    Args:
        scale: Of the number of images seen in training. LLv2 takes its root of the rollouts and of
            the epochs, the others take fewer epochs.
        data_dir: Where datasets are.
        comparator_weights: torchvision's AlexNet; None for random weights.

    Raises:
        InputError: If the scale leaves too little to train on.
    """
    rollouts = round(ROLLOUTS * math.sqrt(scale)) if 0 < scale <= 1 else 0
    if rollouts < 20:
        least = (20 / ROLLOUTS) ** 2
        raise InputError(
            "--scale is a share of the full size", got=scale, accepted=f"{least:.4f} to 1"
        )
    size = "paper" if scale == 1 else f"{rollouts}x150-stride1-seed0"
    images = IMAGES | {"llv2": {"dataset": f"llv2/{size}"}}
    chosen = {}
    for name, options in images.items():
        share = math.sqrt(scale) if name == "llv2" else scale
        common: dict[str, Any] = {
            "data_dir": data_dir,
            "batch_size": BATCH_SIZE,
            "epochs": max(1, round(EPOCHS * share)),
        }
        chosen[name] = {
            row: TrainConfig(**options, **common, **system)
            for row, system in systems(comparator_weights).items()
        }
    return chosen


def reproduce(
    run_dir: str = "runs/table1",
    scale: float = 1.0,
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
) -> list[Score]:
    """Train, probe, report, one dataset after the other. Runs that are there already are gone on
    with.

    Args:
        run_dir: Holds a folder a dataset, with its runs and its report.
        scale: Of the number of images seen in training.
        data_dir: Where datasets are.
        comparator_weights: torchvision's AlexNet; None for random weights.
        dry_run: Check, show what each run would cost, and stop.

    Returns:
        The scores of all datasets that are there.
    """
    from tfdeepsim.comparison import EvaluationOptions, compare
    from tfdeepsim.study import Study

    console, scores = rich.console.Console(), []
    for name, of_dataset in configs(scale, data_dir, comparator_weights).items():
        console.rule(name)
        if reason := _missing(of_dataset["ae"], dry_run):
            console.print(f"left out: {reason}", highlight=False)
            print_reported(name, console)
            continue
        folder = Path(run_dir, name)
        command = f"train.py --recipe table1 --scale {scale:g}"
        scores += compare(
            Study(folder, of_dataset, SEEDS),
            EvaluationOptions(),
            folder,
            dry_run=dry_run,
            command=command,
        )
        print_reported(name, console)
    return scores


def _missing(config: TrainConfig, dry_run: bool) -> str | None:
    """Why the images of `config` cannot be had; a dry run neither simulates nor fetches any."""
    try:
        if not dry_run:
            open_dataset(config.dataset, config.data_dir, config)
        elif not (
            config.dataset.startswith("llv2")
            or describe(config.dataset, config.data_dir, config).made
        ):
            return f"{config.dataset} is not there, and would be fetched"
    except InputError as error:
        return str(error)
    return None
