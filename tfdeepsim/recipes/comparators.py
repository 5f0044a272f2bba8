"""Which comparator gives the better embedding of LunarLander frames? Three seeds each.

    python train.py --recipe comparators
    python train.py --recipe comparators --comparator-weights runs/alexnet

P. AE is trained for 3 epochs on 6,750 frames of 450 rollouts, under the second ReLU of several
networks: AlexNet with random weights, the bundled Exemplar-CNN, which was trained without labels,
and the bundled AlexNet of ImageNet. With `--comparator-weights`, as in the second command, an
AlexNet with those weights is a row too.
"""

from pathlib import Path
from typing import Any

from tfdeepsim.comparison import compare_losses
from tfdeepsim.config import TrainConfig
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.recipes import quickstart
from tfdeepsim.scores import Score
from tfdeepsim.study import Study

SEEDS = 3
COMPARATORS = {
    "random": "random_alexnet:relu2",
    "exemplar": "exemplar_cnn:relu2",
    "alexnet": "alexnet:relu2",
}


def configs(
    scale: float = 1.0, data_dir: str | None = None, comparator_weights: str | None = None
) -> dict[str, TrainConfig]:
    """The config of each run, by the name of its row.

    Args:
        scale: Factor of the number of rollouts.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of another AlexNet; None to leave that row out.

    Raises:
        InputError: If fewer than 10 rollouts are left.
    """
    base = quickstart.configs(scale, data_dir)["ae"]
    common: dict[str, Any] = {
        "dataset": base.dataset,
        "data_dir": data_dir,
        "epochs": base.epochs,
        "loss": "perceptual",
    }
    rows = {row: TrainConfig(**common, comparator=spec) for row, spec in COMPARATORS.items()}
    if comparator_weights is not None:
        rows["other-alexnet"] = TrainConfig(
            **common, comparator="alexnet:relu2", comparator_weights=comparator_weights
        )
    return rows


def reproduce(
    run_dir: str = "runs/comparators",
    scale: float = 1.0,
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
) -> list[Score]:
    """Train the runs, evaluate them, and write the report; existing runs are resumed.

    Args:
        run_dir: Folder that the runs and the report are written to.
        scale: Factor of the number of rollouts.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of another AlexNet; None to leave that row out.
        dry_run: Check everything, print the cost of each run, and stop.

    Returns:
        The scores in the table.
    """
    study = Study(Path(run_dir), configs(scale, data_dir, comparator_weights), SEEDS)
    return compare_losses(
        study,
        EvaluationOptions(probe_seeds=2, probe_epochs=150, probe_patience=15),
        Path(run_dir),
        dry_run=dry_run,
        command=f"train.py --recipe comparators --scale {scale:g}",
    )
