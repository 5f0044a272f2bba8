"""Tables 3 and 4 and Fig. 3 of Dosovitskiy & Brox 2016 (§4.1): one autoencoder under four losses.

    python train.py --recipe table4 --data-dir DIR                              # STL-10, full size
    python train.py --recipe table4 --dataset zip:photos.zip --scale 0.001      # labelled images
    python train.py --recipe table4 --dataset zip:stl10.zip --scale 0.005 --seeds 3

The autoencoder of Table 2 is trained with SE, with l1, and with DeePSiM on conv3 of Exemplar-CNN
and of AlexNet. The report has a picture and measures of the reconstructions of test images, and the
accuracy of a linear SVM on the 8x8x8 codes, over ten folds: those that come with STL-10, and folds
that are drawn from all training images of other datasets. The full size is 500,000 steps of 64
images for each row. That takes weeks on a laptop, and the command prints the time before it starts.

AlexNet is the bundled one, trained on ImageNet, or that of `--comparator-weights`. The bundled
Exemplar-CNN was trained without labels.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rich.console

from tfdeepsim.comparators import make_comparator
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import LOSSES
from tfdeepsim.console import PlainConsole
from tfdeepsim.data import open_dataset
from tfdeepsim.data.naming import dataset_name
from tfdeepsim.errors import InputError
from tfdeepsim.export import load_generator
from tfdeepsim.fidelity.fidelity import Fidelity, measure
from tfdeepsim.lock import locked
from tfdeepsim.probes.scikit_learn.folds import FoldScores
from tfdeepsim.recipes.images import encode, reconstruct
from tfdeepsim.recipes.paper_settings import (
    CAFFE_WEIGHTS,
    EXEMPLAR_CNN,
    is_caffe,
    optimization,
    paper_weights,
    print_departures,
)
from tfdeepsim.recipes.scale import scaled_steps
from tfdeepsim.recipes.svm_folds import SvmFolds, svm_folds
from tfdeepsim.report.fidelity_table import FidelityTable, print_fidelity, write_fidelity
from tfdeepsim.report.figures.image_rows import write_image_rows
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import interval
from tfdeepsim.study import MOST_SEEDS, ensure_trained
from tfdeepsim.work_sharing import in_turn

STEPS = 500_000
IMAGE_SIZE = 64
TEST_IMAGES, SHOWN = 2000, 10
SYSTEMS: dict[str, dict[str, Any]] = {
    "SE": {"loss": "pixel"},
    "l1": {"loss": "l1"},
    "DeePSiM, Ex-CNN conv3": {"loss": "deepsim", "comparator": "exemplar_cnn:conv3"},
    "DeePSiM, AlexNet conv3": {"loss": "deepsim", "comparator": "alexnet:conv3"},
}
REPORTED_ERROR = dict(zip(SYSTEMS, (0.153, 0.157, 0.198, 0.215), strict=True))
REPORTED_ACCURACY = dict(
    zip(SYSTEMS, ("34.6 ± 0.6", "35.7 ± 0.4", "50.1 ± 0.5", "52.3 ± 0.6"), strict=True)
)
ACCURACY, CHANCE = "SVM accuracy (%) ↑", "Chance (%)"


def configs(
    scale: float = 1.0,
    dataset: str = "stl10",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    precision: str = "float32",
) -> dict[str, TrainConfig]:
    """The config of each run, by the name of its row.

    Args:
        scale: Share of the number of steps.
        dataset: Name of a dataset of colour images. Random crops of 64x64 pixels are cut from
            images of 96 pixels, as in the paper; images of datasets whose name does not begin with
            `stl10` are resized to 72 pixels for that.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet; None for the bundled ones.
        precision: Precision of the training.

    Raises:
        InputError: If `scale` is no share, or leaves no step.
    """
    steps = scaled_steps(STEPS, scale)
    common: dict[str, Any] = {
        "dataset": dataset,
        "data_dir": data_dir,
        "network": "dosovitskiy",
        "steps": steps,
        "precision": precision,
        "image_size": IMAGE_SIZE,
        "shorter_side": 96 if dataset_name(dataset).startswith("stl10") else 72,
        "augment": "crop",
        **optimization(scale, steps),
    }
    rows = {}
    for name, system in SYSTEMS.items():
        fields = dict(system)
        if fields.get("comparator", "").startswith("alexnet"):
            fields["comparator_weights"] = comparator_weights
            if is_caffe(comparator_weights):
                fields["comparator"] = f"caffe_{fields['comparator']}"
        if scale == 1:
            fields = paper_weights(fields, IMAGE_SIZE, LOSSES["deepsim"]["image"])
        rows[name] = TrainConfig(**common, **fields)
    return rows


def reproduce(
    run_dir: str = "runs/table4",
    scale: float = 1.0,
    dataset: str = "stl10",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
    seeds: int = 1,
    precision: str = "float32",
) -> None:
    """Train the runs, reconstruct, classify, and write the report; existing runs are resumed.

    Args:
        run_dir: Folder for the runs, `fidelity.csv`, `fidelity.md` and `reconstructions.png`.
        scale: Share of the number of steps.
        dataset: Name of a dataset of colour images with labels.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet; None for the bundled ones.
        dry_run: Check everything, print the cost of each run, and stop.
        seeds: Number of runs of each row.
        precision: Precision of the training.

    Raises:
        InputError: If `seeds` is out of range, or the dataset has too few labelled images.
    """
    console, folder = PlainConsole(), Path(run_dir)
    if not 1 <= seeds <= MOST_SEEDS:
        raise InputError(
            "--seeds must be a number of runs", got=seeds, accepted=f"1 to {MOST_SEEDS}"
        )
    rows = configs(scale, dataset, data_dir, comparator_weights, precision)
    runs = {
        name: [RunDirectory(folder / run_folder(name, seed)) for seed in range(seeds)]
        for name in rows
    }
    first = next(iter(rows.values()))
    # Whatever is wrong with the labels or the folds is said before the long training.
    data = None if dry_run else svm_folds(open_dataset(dataset, data_dir, first))
    paper = configs(1.0, comparator_weights=CAFFE_WEIGHTS)
    print_departures(rows, paper, console, (EXEMPLAR_CNN,))
    paths = {(name, seed): runs[name][seed].path for seed in range(seeds) for name in rows}
    for name, seed in [(name, 0) for name in rows] if dry_run else in_turn(paths, console):
        console.rule(name if seeds == 1 else f"{name}, seed {seed}")
        config = dataclasses.replace(rows[name], seed=seed)
        ensure_trained(config, runs[name][seed], dry_run=dry_run, console=console)
    if dry_run and seeds > 1:
        console.print(f"and the same with {seeds} seeds in all")
    if data is not None:
        with locked(folder):
            _report(runs, dataset, data, folder, console)


def run_folder(name: str, seed: int) -> str:
    """The folder of a run in that of the study, by the name of its row."""
    folder = name.lower().replace(", ", "-").replace(" ", "-")
    return f"{folder}-seed{seed}" if seed else folder


@dataclasses.dataclass(frozen=True)
class _Row:
    """Results of a run.

    Attributes:
        reconstructions: Reconstructions of the chosen test images, uint8 [N, H, W, 3].
        fidelity: Measures of the reconstructions.
        accuracies: Accuracies of the SVM.
    """

    reconstructions: np.ndarray
    fidelity: Fidelity
    accuracies: FoldScores


def _report(
    runs: Mapping[str, Sequence[RunDirectory]],
    dataset: str,
    data: SvmFolds,
    folder: Path,
    console: rich.console.Console,
) -> None:
    test = data.test.images
    order = np.random.default_rng(0).permutation(len(test))
    targets = np.asarray(test[np.sort(order[:TEST_IMAGES])])
    rows: dict[str, list[_Row]] = {}
    for name, row_runs in runs.items():
        console.print(f"{name}: reconstructions, and the SVM on ten folds")
        rows[name] = [_evaluate(run, targets, data) for run in row_runs]
    table = _table(rows, data, dataset)
    print_fidelity(table, console)
    write_fidelity(folder, table)
    shown = np.linspace(0, len(targets) - 1, SHOWN).astype(int)
    pictures = {"image": targets} | {name: row[0].reconstructions for name, row in rows.items()}
    write_image_rows(
        folder / "reconstructions.png", {name: x[shown] for name, x in pictures.items()}
    )
    console.print(f"picture: {folder / 'reconstructions.png'}", soft_wrap=True)


def _table(rows: Mapping[str, Sequence[_Row]], data: SvmFolds, dataset: str) -> FidelityTable:
    first = next(iter(rows.values()))
    images, seeds = len(first[0].reconstructions), len(first)
    folds = f"over {len(data.folds)} folds of {len(data.folds[0])} images"
    svm, training = f"mean and standard deviation {folds}", "one run in each row"
    if seeds > 1:
        svm = f"mean {folds} and {seeds} encoders, with a 95 % interval over encoders"
        training = f"means of {seeds} runs in each row"
    return FidelityTable(
        {name: _mean([row.fidelity for row in of_name]) for name, of_name in rows.items()},
        extra={
            ACCURACY: {
                name: _accuracy([row.accuracies for row in of_name])
                for name, of_name in rows.items()
            },
            CHANCE: dict.fromkeys(rows, f"{100 * data.chance:.1f}"),
        },
        paper={"normalized_error": REPORTED_ERROR, ACCURACY: REPORTED_ACCURACY},
        notes=(
            f"Measures: {images} test images of {dataset_name(dataset)}, {training}. FID, "
            "KID and feature error are computed from pool5 of the bundled AlexNet, so they can be "
            "compared within this table only.",
            f"SVM: {svm}; {data.classes} classes, {len(data.test.images)} test images. The folds "
            f"are {data.origin}.",
            "Chance: the most frequent class of the training images for every test image.",
            "Paper: STL-10 at full size, Tables 3 and 4.",
        ),
        title="Autoencoders under four losses",
    )


def _mean(fidelities: Sequence[Fidelity]) -> Fidelity:
    columns = zip(*map(dataclasses.astuple, fidelities), strict=True)
    return Fidelity(*(math.fsum(column) / len(fidelities) for column in columns))


def _accuracy(scores: Sequence[FoldScores]) -> str:
    """Accuracy in percent, with the deviation over folds or the interval over encoders."""
    if len(scores) == 1:
        return f"{100 * scores[0].mean:.1f} ± {100 * scores[0].deviation:.1f}"
    mean, low, _ = interval([score.mean for score in scores])
    return f"{100 * mean:.1f} ± {100 * (mean - low):.1f}"


def _evaluate(run: RunDirectory, targets: np.ndarray, data: SvmFolds) -> _Row:
    generator, extractor = load_generator(run), make_comparator("alexnet:pool5")
    reconstructions = reconstruct(generator, targets)
    fidelity = measure(targets, reconstructions, lambda images: extractor(images).numpy())
    accuracies = data.accuracies(lambda images: encode(generator, images))
    return _Row(reconstructions, fidelity, accuracies)
