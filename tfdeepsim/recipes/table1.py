"""Table 1 of Pihlgren et al. 2020: four encoders on three datasets, beside the reported values.

    python train.py --recipe table1 --scale 0.01                   # small, for a laptop
    python train.py --recipe table1 --data-dir DIR                 # full size
    python train.py --recipe table1 --dataset zip:stl10.zip --image-size 96 --epochs 40 \
        --batch-size 64                                            # one dataset, own sizes

The full size is 105,000 LunarLander frames for each of three purposes, 50 epochs, batches of 512
and three seeds of each encoder. That takes days on a laptop, and the command prints the time before
it starts. `--latent-dims 32,64,128 --gammas 0,0.001,0.01` train each encoder in several sizes and
with several weights of the KL term, as the authors' code does. Which of them is scored on the test
images is chosen by the validation loss of the MLPs alone. The chosen ones are also scored by linear
probes, which the paper does not have.

LLv2 is simulated. STL-10 and SVHN are read from their files; if these are missing, the command says
which files it needs, and leaves the dataset out. `--dataset` takes one dataset instead, of any kind
with labels; what the paper reports is shown if its name begins with `llv2`, `stl10` or `svhn`.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rich.console

from tfdeepsim.comparison import compare_losses
from tfdeepsim.config import TrainConfig
from tfdeepsim.console import PlainConsole
from tfdeepsim.data import describe, open_dataset
from tfdeepsim.data.naming import dataset_name
from tfdeepsim.duration import duration
from tfdeepsim.errors import InputError
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.lock import locked
from tfdeepsim.recipes.command import recipe_command
from tfdeepsim.recipes.encoder_variants import (
    GAMMAS,
    LATENT_DIMS,
    parse_gammas,
    parse_latent_dims,
    variants,
)
from tfdeepsim.recipes.systems import REPORTED, SYSTEMS, print_reported, systems
from tfdeepsim.recipes.validation_choice import chosen_variants, print_choice
from tfdeepsim.scores import Score
from tfdeepsim.study import Study

ROLLOUTS = 700
EPOCHS = 50
SEEDS = 3
BATCH_SIZE = 512
PROBES = ("mlp", "linear")
"""Those of the paper, and what can be read from an embedding without hidden layers."""
IMAGES: dict[str, dict[str, Any]] = {
    "llv2": {},
    "stl10": {"dataset": "stl10"},
    # The code of the paper tiles the 32 pixels of SVHN to 64.
    "svhn": {"dataset": "svhn", "image_size": 64, "resize": "tile"},
}


def configs(
    scale: float = 1.0,
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    latent_dims: Sequence[int] = LATENT_DIMS,
    gammas: Sequence[float] = GAMMAS,
    fields: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, TrainConfig]]:
    """The config of each run, by dataset and by the name of its variant.

    Args:
        scale: Share of the images seen in training. LLv2 has the square root of it as a share of
            the rollouts and of the epochs; the other datasets have fewer epochs.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet; None for the bundled ones of ImageNet.
        latent_dims: Latent sizes of the encoders.
        gammas: Weights of the KL term, see `variants`.
        fields: Fields of all configs, in place of the paper's; `dataset` takes the place of all
            three.

    Raises:
        InputError: If `scale` is above 1, or fewer than 20 rollouts are left.
    """
    rollouts = round(ROLLOUTS * math.sqrt(scale)) if 0 < scale <= 1 else 0
    if rollouts < 20:
        least = (20 / ROLLOUTS) ** 2
        raise InputError(
            "--scale is a share of the full size", got=scale, accepted=f"{least:.4f} to 1"
        )
    size = "paper" if scale == 1 else f"{rollouts}x150-stride1-seed0"
    images = IMAGES | {"llv2": {"dataset": f"llv2/{size}"}}
    fields = fields or {}
    if "dataset" in fields:
        images = {_folder(fields["dataset"]): {}}
    rows = {}
    for name, options in images.items():
        share = math.sqrt(scale) if name == "llv2" else scale
        common: dict[str, Any] = {
            "data_dir": data_dir,
            "batch_size": BATCH_SIZE,
            "epochs": max(1, round(EPOCHS * share)),
        }
        rows[name] = {
            variant: TrainConfig(**{**options, **common, **system, **fields})
            for family in variants(systems(comparator_weights), latent_dims, gammas).values()
            for variant, system in family.items()
        }
    return rows


def reproduce(
    run_dir: str = "runs/table1",
    scale: float = 1.0,
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
    latent_dims: str = ",".join(map(str, LATENT_DIMS)),
    gammas: str = ",".join(map("{:g}".format, GAMMAS)),
    seeds: int = SEEDS,
    **fields: Any,
) -> list[Score]:
    """Train the runs, evaluate them, and write the reports, one dataset after another; existing
    runs are resumed.

    Args:
        run_dir: Folder that holds one folder for each dataset, with its runs and its report.
        scale: Share of the images seen in training.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet; None for the bundled ones of ImageNet.
        dry_run: Check everything, print the cost of each run, and stop.
        latent_dims: Latent sizes of the encoders, separated by commas.
        gammas: Weights of the KL term as in the authors' code, separated by commas; 0 is the plain
            autoencoder.
        seeds: Number of encoders of each kind.
        **fields: Fields of all configs, see `configs`.

    Raises:
        InputError: If a list holds something else than numbers, or `scale` is out of range.

    Returns:
        The scores of the chosen variants on all datasets whose files exist.
    """
    console, scores = PlainConsole(), []
    sizes, weights = parse_latent_dims(latent_dims), parse_gammas(gammas)
    families = {
        encoder: list(family) for encoder, family in variants(SYSTEMS, sizes, weights).items()
    }
    command = recipe_command(
        "table1", scale=scale, latent_dims=latent_dims, gammas=gammas, seeds=seeds, **fields
    )
    all_rows = configs(scale, data_dir, comparator_weights, sizes, weights, fields)
    for name, rows in all_rows.items():
        console.rule(name)
        if "dataset" not in fields and (reason := _missing(next(iter(rows.values())), dry_run)):
            console.print(f"left out: {reason}")
            _print_reported(name, console)
            continue
        study = Study(Path(run_dir, name), rows, seeds)
        scores += _compare(name, study, families, dry_run, command, console)
        _print_reported(name, console)
    return scores


def _folder(dataset: str) -> str:
    """Folder of the runs on a dataset: the paper's name of it, if that is what it is called."""
    name = dataset_name(dataset)
    return next((known for known in REPORTED if name.startswith(known)), name.replace("/", "-"))


def _print_reported(dataset: str, console: rich.console.Console) -> None:
    if dataset in REPORTED:
        print_reported(dataset, console)


def _compare(
    dataset: str,
    study: Study,
    families: Mapping[str, Sequence[str]],
    dry_run: bool,
    command: str,
    console: rich.console.Console,
) -> list[Score]:
    """Train all variants on a dataset, choose one of each encoder by validation, and score these
    on the test split."""
    options = EvaluationOptions(probes=PROBES)
    if dry_run:
        return compare_losses(study, options, study.folder, dry_run=True, command=command)
    study.check()
    runs, seconds = study.cost()
    if runs:
        console.print(f"{runs} runs to train, about {duration(seconds)} on this machine")
    study.train(console=console)
    with locked(study.folder):
        chosen = chosen_variants(study, families, options)
    configs = {variant: study.configs[variant] for variant in chosen.values()}
    # The report is of the chosen ones alone: the others are never scored on the test split.
    best = dataclasses.replace(study, configs=configs)
    scores = compare_losses(best, options, study.folder, command=command)
    print_choice(dataset, best, chosen, scores, console)
    return scores


def _missing(config: TrainConfig, dry_run: bool) -> str | None:
    """Why the images of a config cannot be used; None if they can. A dry run neither simulates nor
    fetches any."""
    try:
        if not dry_run:
            open_dataset(config.dataset, config.data_dir, config)
        elif not config.dataset.startswith("llv2"):
            description = describe(config.dataset, config.data_dir, config)
            if not description.ready:
                return f"{config.dataset} is not there, and would be fetched"
    except InputError as error:
        return str(error)
    return None
