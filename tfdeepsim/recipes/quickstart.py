"""Table 1 of Pihlgren et al. 2020, its first row, small: which loss embeds LunarLander frames
better?

    python train.py --recipe quickstart

AE, VAE, P. AE and P. VAE on 6,750 frames of 450 rollouts, five hosts of seven MLPs on each
embedding, beside baselines.
"""

from pathlib import Path
from typing import Any

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.recipes.systems import print_reported, systems
from tfdeepsim.scores import Score

ROLLOUTS = 500
EPOCHS = 3


def configs(
    scale: float = 1.0, data_dir: str | None = None, comparator_weights: str | None = None
) -> dict[str, TrainConfig]:
    """What is trained, by the name of its row.

    Args:
        scale: Of the number of rollouts.
        data_dir: Where tfds keeps datasets.
        comparator_weights: torchvision's AlexNet; None for random weights.

    Raises:
        InputError: If the scale leaves nothing to train on.
    """
    rollouts = round(ROLLOUTS * scale)
    if rollouts < 10:
        raise InputError(
            "--scale must leave 10 rollouts", got=scale, accepted=f"{10 / ROLLOUTS:.3f} or more"
        )
    dataset = "llv2/quickstart" if scale == 1 else f"llv2/{rollouts}x15-stride10-seed0"
    common: dict[str, Any] = {"dataset": dataset, "data_dir": data_dir, "epochs": EPOCHS}
    return {
        name: TrainConfig(**common, **system)
        for name, system in systems(comparator_weights).items()
    }


def reproduce(
    run_dir: str = "runs/quickstart",
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
        comparator_weights: torchvision's AlexNet; None for random weights.
        dry_run: Check, show what each run would cost, and stop.

    Returns:
        The scores in the table.
    """
    from tfdeepsim.comparison import EvaluationOptions, compare
    from tfdeepsim.study import Study

    study = Study(Path(run_dir), configs(scale, data_dir, comparator_weights), seeds=1)
    scores = compare(
        study,
        EvaluationOptions(probe_epochs=150, probe_patience=15),
        Path(run_dir),
        dry_run=dry_run,
        command=f"train.py --recipe quickstart --scale {scale:g}",
    )
    print_reported("llv2", rich.console.Console())
    return scores
