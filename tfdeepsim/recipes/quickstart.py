"""The first row of Table 1 of Pihlgren et al. 2020, small: which loss embeds LunarLander frames
better?

    python train.py --recipe quickstart

AE, VAE, P. AE and P. VAE, whose comparator is the bundled AlexNet of ImageNet, are trained on 6,750
frames of 450 rollouts. After each epoch a linear probe tells how well the embedding finds the
lander (`curves.png`). At the end, five suites of seven MLP probes are trained on each embedding and
on baselines.
"""

from pathlib import Path
from typing import Any

from tfdeepsim.comparison import compare_losses
from tfdeepsim.config import TrainConfig
from tfdeepsim.console import PlainConsole
from tfdeepsim.errors import InputError
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.recipes.command import recipe_command
from tfdeepsim.recipes.curves import report_curves
from tfdeepsim.recipes.systems import print_reported, systems
from tfdeepsim.scores import Score
from tfdeepsim.study import Study

ROLLOUTS = 500
EPOCHS = 5


def configs(
    scale: float = 1.0,
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    **fields: Any,
) -> dict[str, TrainConfig]:
    """The config of each run, by the name of its row.

    Args:
        scale: Factor of the number of rollouts.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet; None for the bundled ones of ImageNet.
        **fields: Fields of all configs in place of these: `epochs`, `precision`.

    Raises:
        InputError: If fewer than 10 rollouts are left.
    """
    rollouts = round(ROLLOUTS * scale)
    if rollouts < 10:
        raise InputError(
            "--scale must leave 10 rollouts", got=scale, accepted=f"{10 / ROLLOUTS:.3f} or more"
        )
    dataset = "llv2/quickstart" if scale == 1 else f"llv2/{rollouts}x15-stride10-seed0"
    common: dict[str, Any] = {
        "dataset": dataset,
        "data_dir": data_dir,
        "epochs": EPOCHS,
        "probe_every": 1,
    }
    return {
        name: TrainConfig(**common | fields, **system)
        for name, system in systems(comparator_weights).items()
    }


def reproduce(
    run_dir: str = "runs/quickstart",
    scale: float = 1.0,
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
    **fields: Any,
) -> list[Score]:
    """Train the runs, evaluate them, and write the report; existing runs are resumed.

    Args:
        run_dir: Folder for the runs, the report, `curves.csv` and `curves.png`.
        scale: Factor of the number of rollouts.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet; None for the bundled ones of ImageNet.
        dry_run: Check everything, print the cost of each run, and stop.
        **fields: Fields of all configs, see `configs`.

    Returns:
        The scores in the table.
    """
    folder, console = Path(run_dir), PlainConsole()
    study = Study(folder, configs(scale, data_dir, comparator_weights, **fields), seeds=1)
    scores = compare_losses(
        study,
        EvaluationOptions(probe_epochs=150, probe_patience=15),
        folder,
        dry_run=dry_run,
        command=recipe_command("quickstart", scale=scale, **fields),
    )
    if not dry_run:
        report_curves(study, scores, folder, console)
    print_reported("llv2", console)
    return scores
