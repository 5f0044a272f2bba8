"""Which comparator gives the better embedding of LunarLander frames? Three seeds each.

    python train.py --recipe comparators
    python train.py --recipe comparators --comparator-weights alexnet-owt-7be5be79.pth    # and
    ImageNet's

P. AE on 6,750 frames of 450 rollouts, 3 epochs, under the second ReLU of AlexNet with random
weights, of the two networks that come with the package (Exemplar-CNN, which learned without labels,
and AlexNet, which learned from CIFAR-10's), and of ImageNet's AlexNet where its file is given.
"""

from pathlib import Path
from typing import Any

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.recipes import quickstart
from tfdeepsim.scores import Score

SEEDS = 3
COMPARATORS = {
    "random": "random_alexnet:relu2",
    "exemplar": "exemplar_cnn:relu2",
    "alexnet": "alexnet:relu2",
}


def configs(
    scale: float = 1.0, data_dir: str | None = None, comparator_weights: str | None = None
) -> dict[str, TrainConfig]:
    """What is trained, by the name of its row.

    Args:
        scale: Of the number of rollouts.
        data_dir: Where tfds keeps datasets.
        comparator_weights: torchvision's AlexNet, or `download`; None to leave it out.

    Raises:
        InputError: If the scale leaves nothing to train on.
    """
    base = quickstart.configs(scale, data_dir)["ae"]
    common: dict[str, Any] = {
        "dataset": base.dataset,
        "data_dir": data_dir,
        "epochs": base.epochs,
        "loss": "perceptual",
    }
    chosen = {row: TrainConfig(**common, comparator=spec) for row, spec in COMPARATORS.items()}
    if comparator_weights is not None:
        chosen["imagenet"] = TrainConfig(
            **common, comparator="alexnet:relu2", comparator_weights=comparator_weights
        )
    return chosen


def reproduce(
    run_dir: str = "runs/comparators",
    scale: float = 1.0,
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
) -> list[Score]:
    """Train, probe, report. Runs that are there already are gone on with.

    Args:
        run_dir: Holds the runs, and the report.
        scale: Of the number of rollouts.
        data_dir: Where tfds keeps datasets.
        comparator_weights: torchvision's AlexNet; None to leave it out.
        dry_run: Check, show what each run would cost, and stop.

    Returns:
        The scores in the table.
    """
    from tfdeepsim.comparison import EvaluationOptions, compare
    from tfdeepsim.study import Study

    study = Study(Path(run_dir), configs(scale, data_dir, comparator_weights), SEEDS)
    if comparator_weights is None:
        rich.console.Console().print("ImageNet's AlexNet is left out: no --comparator-weights")
    return compare(
        study,
        EvaluationOptions(probe_seeds=2, probe_epochs=150, probe_patience=15),
        Path(run_dir),
        dry_run=dry_run,
        command=f"train.py --recipe comparators --scale {scale:g}",
    )
