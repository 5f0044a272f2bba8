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

import numpy as np

from tfdeepsim.comparison import compare_losses
from tfdeepsim.config import TrainConfig
from tfdeepsim.console import PlainConsole
from tfdeepsim.errors import InputError
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.files import replacing
from tfdeepsim.recipes.command import recipe_command
from tfdeepsim.recipes.systems import print_reported, systems
from tfdeepsim.report.figures.probe_curves import probe_curves
from tfdeepsim.report.run_files import read_history
from tfdeepsim.scores import Score, interval
from tfdeepsim.study import Study
from tfdeepsim.tables import Table, print_table

ROLLOUTS = 1000
EPOCHS = 40
SEEDS = 3
SHOWN = (1, 2, 3, 5, 8, 12, 18, 25, 40)
"""Epochs in the printed table."""
COLUMN = "val_probe_l1"


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
        curves = errors_by_epoch(study)
        write_curves(folder / "curves.csv", curves)
        chance = next(score.chance for score in scores if score.metric == "l1")
        (folder / "curves.png").write_bytes(probe_curves(curves, chance))
        print_table(curve_table(curves), console)
        console.print(f"curves: {folder / 'curves.png'}", soft_wrap=True)
    print_reported("llv2", console)
    return scores


def errors_by_epoch(study: Study) -> dict[str, np.ndarray]:
    """Error of the linear probe, mean L1, float64 `[seeds, epochs]` by the name of a row."""
    return {
        name: np.stack(
            [read_history(study.run(name, number).history)[COLUMN] for number in range(study.seeds)]
        )
        for name in study.configs
    }


def write_curves(path: Path, curves: dict[str, np.ndarray]) -> None:
    """Write the errors as CSV, one line for each row, seed and epoch."""
    with replacing(path) as part:
        lines = ["row,seed,epoch,l1"]
        for name, errors in curves.items():
            lines += [
                f"{name},{seed},{epoch + 1},{error!r}"
                for (seed, epoch), error in np.ndenumerate(errors.astype(object))
            ]
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")


def curve_table(curves: dict[str, np.ndarray]) -> Table:
    """Errors at some epochs, with their intervals over encoder seeds."""
    epochs = next(iter(curves.values())).shape[1]
    shown = [epoch for epoch in SHOWN if epoch <= epochs]
    rows = []
    for epoch in shown:
        cells = [str(epoch)]
        for errors in curves.values():
            mean, low, _ = interval([float(error) for error in errors[:, epoch - 1]])
            cells.append(f"{mean:.3f} ± {mean - low:.3f}" if len(errors) > 1 else f"{mean:.3f}")
        rows.append(cells)
    return Table(
        "Mean L1 of a linear probe by epoch",
        ["Epoch", *curves],
        [rows],
        ["Validation frames; mean and 95 % interval over encoder seeds."],
    )
