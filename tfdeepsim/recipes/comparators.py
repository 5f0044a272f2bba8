"""Which comparator, and which of its layers, gives the better embedding? Three seeds each.

    python train.py --recipe comparators
    python train.py --recipe comparators --comparator-weights vgg16.safetensors
    python train.py --recipe comparators --dataset zip:stl10.zip --image-size 96

P. AE is trained for 12 epochs, by default on 6,750 LunarLander frames of 450 rollouts, under the
second ReLU of AlexNet with random weights and of the bundled Exemplar-CNN, which was trained
without labels, and under several layers of the bundled AlexNet of ImageNet: one alone; five, whose
features have unit length at each position; and relu2 with what the code of Pihlgren et al. (2020)
does, pixels in [0, 1] as they are and a sigmoid on the features. `--comparator-weights` adds rows:
two layers of VGG16 for a file whose name begins with `vgg16`, such as torchvision's, else
relu2 of another AlexNet.
"""

from pathlib import Path
from typing import Any

from tfdeepsim.comparison import compare_losses
from tfdeepsim.config import TrainConfig
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.recipes import quickstart
from tfdeepsim.recipes.command import recipe_command
from tfdeepsim.scores import Score
from tfdeepsim.study import Study

SEEDS = 3
EPOCHS = 12
RELU2 = "alexnet:relu2"
COMPARATORS: dict[str, dict[str, Any]] = {
    "random": {"comparator": "random_alexnet:relu2"},
    "exemplar": {"comparator": "exemplar_cnn:relu2"},
    "relu1": {"comparator": "alexnet:relu1"},
    "relu2": {"comparator": RELU2},
    "conv3": {"comparator": "alexnet:conv3"},
    "relu5": {"comparator": "alexnet:relu5"},
    "five-normalized": {
        "comparator": "alexnet:relu1+relu2+relu3+relu4+relu5",
        "feature_normalization": "channel",
    },
    "sigmoid": {"comparator": RELU2, "feature_activation": "sigmoid"},
    "raw": {"comparator": RELU2, "comparator_input": "raw"},
    "raw-sigmoid": {
        "comparator": RELU2,
        "comparator_input": "raw",
        "feature_activation": "sigmoid",
    },
}
"""Fields of a `TrainConfig`, by the name of a row."""
VGG16 = {"vgg16-block1": "keras:VGG16:block1_conv2", "vgg16-block2": "keras:VGG16:block2_conv2"}


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
        comparator_weights: Weights of VGG16 or of another AlexNet; None to leave such rows out.
        **fields: Fields of all configs in place of these: `dataset`, `image_size`, `epochs`,
            `precision`.

    Raises:
        InputError: If fewer than 10 rollouts are left, or there is no such file.
    """
    common: dict[str, Any] = {
        "dataset": quickstart.configs(scale)["ae"].dataset,
        "data_dir": data_dir,
        "epochs": EPOCHS,
        "loss": "perceptual",
    } | fields
    rows = {row: TrainConfig(**common, **comparator) for row, comparator in COMPARATORS.items()}
    if comparator_weights is not None:
        of_file = {"other-alexnet": RELU2}
        if Path(comparator_weights).name.startswith("vgg16"):
            of_file = VGG16
        for row, spec in of_file.items():
            rows[row] = TrainConfig(
                **common, comparator=spec, comparator_weights=comparator_weights
            )
    return rows


def reproduce(
    run_dir: str = "runs/comparators",
    scale: float = 1.0,
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
    seeds: int = SEEDS,
    **fields: Any,
) -> list[Score]:
    """Train the runs, evaluate them, and write the report; existing runs are resumed.

    Args:
        run_dir: Folder that the runs and the report are written to.
        scale: Factor of the number of rollouts.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of VGG16 or of another AlexNet; None to leave such rows out.
        dry_run: Check everything, print the cost of each run, and stop.
        seeds: Number of runs of each row.
        **fields: Fields of all configs, see `configs`.

    Returns:
        The scores in the table.
    """
    study = Study(Path(run_dir), configs(scale, data_dir, comparator_weights, **fields), seeds)
    return compare_losses(
        study,
        EvaluationOptions(probe_seeds=2, probe_epochs=150, probe_patience=15),
        Path(run_dir),
        dry_run=dry_run,
        command=recipe_command(
            "comparators",
            scale=scale,
            comparator_weights=comparator_weights,
            seeds=seeds,
            **fields,
        ),
    )
