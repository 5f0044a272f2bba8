"""Tables 3 and 4 and Fig. 3 of Dosovitskiy & Brox 2016 (§4.1): one autoencoder under four losses.

    python train.py --recipe table4 --data-dir DIR                              # STL-10, full size
    python train.py --recipe table4 --dataset zip:photos.zip --scale 0.001      # own labelled
    images

Table 2's autoencoder under SE, l1, and DeePSiM with conv3 of Exemplar-CNN and of AlexNet;
reconstructions of test images in numbers and as a picture; a linear SVM on the 8x8x8 codes, on ten
folds. Full size is 500,000 steps of 64 images a row, weeks on a laptop, which the command says
before it starts.

No label that the SVM is scored on may reach a comparator. On STL-10 AlexNet is that of the package,
or ImageNet's where `--comparator-weights` gives it. On any other dataset AlexNet first learns the
first half of the classes, and the SVM tells the others apart; Exemplar-CNN, of the package, has
seen no labels.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.naming import dataset_name
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.recipes.scale import scaled_steps
from tfdeepsim.recipes.trained_comparators import taught_alexnet
from tfdeepsim.run import RunDirectory

if TYPE_CHECKING:
    from tfdeepsim.fidelity.fidelity import Fidelity
    from tfdeepsim.probes.scikit_learn.folds import FoldScores

STEPS = 500_000
LEARNING_RATE = 5e-4
FOLDS, FOLD_SIZE = 10, 1000
TEST_IMAGES, SHOWN = 2000, 10
EPOCHS_OF_COMPARATOR = 6
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
ACCURACY = "SVM accuracy (%) ↑"


def configs(
    scale: float = 1.0,
    dataset: str = "stl10",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
) -> dict[str, TrainConfig]:
    """What is trained, by the name of its row.

    Args:
        scale: Of the number of steps.
        dataset: Of colour images; random 64x64 crops of images of 96 pixels, as in the paper. The
            images of others than STL-10 are enlarged or reduced to 72 for that.
        data_dir: Where datasets are.
        comparator_weights: Of AlexNet; None for those of the package.

    Raises:
        InputError: If the scale leaves nothing to train.
    """
    common: dict[str, Any] = {
        "dataset": dataset,
        "data_dir": data_dir,
        "network": "dosovitskiy",
        "steps": scaled_steps(STEPS, scale),
        "image_size": 64,
        "shorter_side": 96 if dataset == "stl10" else 72,
        "augment": "crop",
        # Every row with the same rate: at few steps the paper's 0.0002 leaves all of them half
        # trained.
        "learning_rate": LEARNING_RATE,
    }
    weights = {"alexnet:conv3": comparator_weights}
    return {
        name: TrainConfig(
            **common, **system, comparator_weights=weights.get(system.get("comparator", ""))
        )
        for name, system in SYSTEMS.items()
    }


def reproduce(
    run_dir: str = "runs/table4",
    scale: float = 1.0,
    dataset: str = "stl10",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
) -> None:
    """Train, reconstruct, classify, report. Runs that are there already are gone on with.

    Args:
        run_dir: Holds the runs, `fidelity.csv`, `fidelity.md` and `reconstructions.png`.
        scale: Of the number of steps.
        dataset: As the command line spells it.
        data_dir: Where datasets are.
        comparator_weights: Of AlexNet, for STL-10; None for those of the package.
        dry_run: Check, show what each run would cost, and stop.
    """
    from tfdeepsim.study import ensure_trained

    console, folder = rich.console.Console(), Path(run_dir)
    halves = None if dataset == "stl10" else _halves(dataset, data_dir)
    if halves and comparator_weights is None:
        comparator_weights = taught_alexnet(
            RunDirectory(folder / "alexnet"),
            dataset=dataset,
            data_dir=data_dir,
            epochs=EPOCHS_OF_COMPARATOR,
            classes=halves[0],
            dry_run=dry_run,
            console=console,
        )
    rows = configs(scale, dataset, data_dir, comparator_weights)
    runs = {
        name: RunDirectory(folder / name.lower().replace(", ", "-").replace(" ", "-"))
        for name in rows
    }
    for name, config in rows.items():
        console.rule(name)
        ensure_trained(config, runs[name], dry_run=dry_run, console=console)
    if not dry_run:
        _report(runs, next(iter(rows.values())), halves and halves[1], folder, console)


def _halves(dataset: str, data_dir: str | None) -> tuple[str, str]:
    """The first half of the classes and the second, with commas between the names."""
    opened = open_dataset(dataset, data_dir, TrainConfig(dataset=dataset, image_size=64))
    names = opened.class_names
    if len(names) < 4:
        raise InputError(
            "this recipe needs classes for AlexNet and others for the SVM",
            got=f"{dataset} with {len(names)}",
            accepted="four or more, in one folder a class",
        )
    return ",".join(names[: len(names) // 2]), ",".join(names[len(names) // 2 :])


@dataclasses.dataclass(frozen=True)
class _Judged:
    """What a row is judged by: some test images, their reconstructions, and the SVM's
    accuracies."""

    reconstructions: np.ndarray
    fidelity: "Fidelity"
    folds: "FoldScores"


def _report(
    runs: dict[str, RunDirectory],
    config: TrainConfig,
    classes: str | None,
    folder: Path,
    console: rich.console.Console,
) -> None:
    from tfdeepsim.data.splits.labelled import TARGET, labelled
    from tfdeepsim.report.fidelity_table import FidelityTable, print_fidelity, write_fidelity
    from tfdeepsim.report.figures.image_rows import write_image_rows

    options = dataclasses.replace(config, probe_classes=classes)
    splits = Splits(open_dataset(config.dataset, config.data_dir, options))
    train, test = (labelled(splits, split) for split in ("probe_train", "test"))
    chosen = np.random.default_rng(0).permutation(len(test.images))[:TEST_IMAGES]
    targets = np.asarray(test.images[np.sort(chosen)])
    rows: dict[str, _Judged] = {}
    for name, run in runs.items():
        console.print(f"{name}: reconstructions, and the SVM on ten folds")
        rows[name] = _judge(run, targets, train, test)
    folds = _rows_of_folds(train.labels[TARGET])
    accuracies = {
        name: f"{100 * row.folds.mean:.1f} ± {100 * row.folds.deviation:.1f}"
        for name, row in rows.items()
    }
    table = FidelityTable(
        {name: row.fidelity for name, row in rows.items()},
        extra={ACCURACY: accuracies},
        paper={"normalized_error": REPORTED_ERROR, ACCURACY: REPORTED_ACCURACY},
        notes=(
            f"{len(targets)} test images of {dataset_name(config.dataset)} for the measures; one run a row. FID, KID and "
            "feature error are over pool5 of the package's AlexNet, for this table alone.",
            f"SVM: mean and deviation over {len(folds)} folds of {len(folds[0])}, "
            f"{len(np.unique(test.labels[TARGET]))} classes{f' ({classes})' if classes else ''}, "
            f"{len(test.images)} test images.",
            "Paper: STL-10 at full size, Tables 3 and 4.",
        ),
        title="Autoencoders under four losses",
    )
    print_fidelity(table, console)
    write_fidelity(folder, table)
    shown = np.linspace(0, len(targets) - 1, SHOWN).astype(int)
    pictures = {"image": targets} | {name: row.reconstructions for name, row in rows.items()}
    write_image_rows(
        folder / "reconstructions.png", {name: x[shown] for name, x in pictures.items()}
    )
    console.print(f"picture: {folder / 'reconstructions.png'}", highlight=False)


def _judge(run: RunDirectory, targets: np.ndarray, train: Split, test: Split) -> _Judged:
    from tfdeepsim.comparators import make_comparator
    from tfdeepsim.data.splits.labelled import TARGET
    from tfdeepsim.export import load_generator
    from tfdeepsim.fidelity.fidelity import measure
    from tfdeepsim.probes.scikit_learn.folds import svm_over_folds
    from tfdeepsim.recipes.images import encode, reconstruct

    generator, extractor = load_generator(run), make_comparator("alexnet:pool5")
    reconstructions = reconstruct(generator, targets)
    folds = _rows_of_folds(train.labels[TARGET])
    used = np.unique(np.concatenate(folds))
    return _Judged(
        reconstructions,
        measure(targets, reconstructions, lambda images: extractor(images).numpy()),
        svm_over_folds(
            encode(generator, train.images[used]),
            train.labels[TARGET][used],
            encode(generator, test.images[np.arange(len(test.images))]),
            test.labels[TARGET],
            folds=[np.searchsorted(used, rows) for rows in folds],
        ),
    )


def _rows_of_folds(labels: np.ndarray) -> list[np.ndarray]:
    """Ten disjoint folds of a thousand, as even over classes as can be; smaller ones if there are
    fewer."""
    order = np.random.default_rng(0).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    # Dealt out like cards, each class goes evenly to all folds.
    return [
        np.random.default_rng(fold).permutation(order[fold::FOLDS])[:FOLD_SIZE]
        for fold in range(FOLDS)
    ]
