"""How does the embedding get better with training? A probe after each epoch, under four losses.

    python train.py --recipe learning_curves
    python train.py --recipe learning_curves --scale 0.1      # a tenth of the frames

AE, VAE, P. AE and P. VAE, whose comparator is the bundled AlexNet of ImageNet, are trained for 40
epochs on 13,500 frames of 900 rollouts, with three seeds each. After each epoch a linear probe is
trained on frames that the encoder has not seen, and scored on the validation frames. `curves.png`
and `curves.csv` show its error; `results.csv` has the errors of MLP probes on the test frames at
the end.
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

ROLLOUTS = 1000
EPOCHS = 40
SEEDS = 3


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
            "--scale must leave 10 rollouts", got=scale, accepted=f"{10 / ROLLOUTS:g} or more"
        )
    common: dict[str, Any] = {
        "dataset": "llv2/small" if scale == 1 else f"llv2/{rollouts}x15-stride10-seed0",
        "data_dir": data_dir,
        "epochs": EPOCHS,
        "probe_every": 1,
    } | fields
    # All curves are of the same length.
    common["patience"] = common["epochs"]
    return {
        name: TrainConfig(**common, **system)
        for name, system in systems(comparator_weights).items()
    }


def reproduce(
    run_dir: str = "runs/learning_curves",
    scale: float = 1.0,
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
    seeds: int = SEEDS,
    **fields: Any,
) -> list[Score]:
    """Train the runs, evaluate them, and write curves and report; existing runs are resumed.

    Args:
        run_dir: Folder for the runs, the report, `curves.csv` and `curves.png`.
        scale: Factor of the number of rollouts.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet; None for the bundled ones of ImageNet.
        dry_run: Check everything, print the cost of each run, and stop.
        seeds: Number of runs of each row.
        **fields: Fields of all configs, see `configs`.

    Returns:
        The scores in the table.
    """
    folder, console = Path(run_dir), PlainConsole()
    study = Study(folder, configs(scale, data_dir, comparator_weights, **fields), seeds)
    scores = compare_losses(
        study,
        EvaluationOptions(),
        folder,
        dry_run=dry_run,
        command=recipe_command("learning_curves", scale=scale, seeds=seeds, **fields),
    )
    if not dry_run:
        report_curves(study, scores, folder, console)
    print_reported("llv2", console)
    return scores
