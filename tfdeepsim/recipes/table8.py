"""Table 8, Fig. 6 and Fig. 7 of Dosovitskiy & Brox 2016 (§4.3): AlexNet inverted, and what each
term does.

    python train.py --recipe table8 --data-dir DIR --comparator-weights alexnet-owt-7be5be79.pth
    python train.py --recipe table8 --dataset zip:photos.zip --scale 0.0006

From pool5, relu6, relu7 and fc8 (the paper's conv5, fc6, fc7, fc8): DeePSiM, the pixel loss
(Dosovitskiy & Brox 2015), and optimisation of each image (Mahendran & Vedaldi 2015), which is not
trained. From relu6 also DeePSiM without one or two of its terms. Errors of test images and of their
features, over two seeds.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfdeepsim.data.naming import dataset_name
from tfdeepsim.files import replacing
from tfdeepsim.recipes.inversion_runs import LAYERS, RUN_DIR, InversionRuns

if TYPE_CHECKING:
    from tfdeepsim.inversion.score import InversionScore

SEEDS = 2
METHODS = {"deepsim": "DeePSiM", "pixel": "pixel loss"}
ABLATIONS = {
    "deepsim": "DeePSiM",
    "without-img": "without image",
    "without-feat": "without feature",
    "without-adv": "without adversarial",
    "pixel": "without both",
}
ABLATED = "relu6"
OPTIMIZATION = "optimization"
REPORTED = {
    OPTIMIZATION: ("71 / 19", "80 / 19", "82 / 16", "84 / 9"),
    METHODS["pixel"]: ("35 / –", "51 / –", "56 / –", "58 / –"),
    METHODS["deepsim"]: ("43 / 37", "55 / 48", "61 / 45", "63 / 29"),
}
"""Table 8; their own network under the image loss alone had 46 / 79 from fc6."""


def rows() -> list[tuple[str, str]]:
    """Layer and loss of every run of a seed."""
    ablations = [(ABLATED, system) for system in ABLATIONS if system not in METHODS]
    return [(layer, system) for layer in LAYERS.values() for system in METHODS] + ablations


def reproduce(
    run_dir: str = RUN_DIR,
    scale: float = 1.0,
    dataset: str = "imagenet",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
) -> None:
    """Train, invert, report. Runs that are there already are gone on with.

    Args:
        run_dir: Holds the runs, `inversions.csv`, `inversions.md`, `layers.png` and
            `ablations.png`.
        scale: Of the number of steps.
        dataset: As the command line spells it.
        data_dir: Where datasets are.
        comparator_weights: Of AlexNet with its fully connected layers; None to teach one first.
        dry_run: Check, show what each run would cost, and stop.
    """
    inversions = InversionRuns(run_dir, scale, dataset, data_dir, comparator_weights, dry_run)
    inversions.teach()
    # Seed by seed, so that what there is can be looked at early.
    for seed in range(1 if dry_run else SEEDS):
        for layer, system in rows():
            inversions.train(layer, system, seed)
    if dry_run:
        inversions.console.print(f"and the same with {SEEDS} seeds in all", highlight=False)
    else:
        _report(inversions)


def _report(inversions: InversionRuns) -> None:
    from tfdeepsim.data.chosen_images import chosen_images
    from tfdeepsim.inversion_evaluation import TEST_IMAGES, score_found, score_run
    from tfdeepsim.report.inversion_table import InversionTable, print_inversions, write_inversions

    targets = chosen_images(inversions.config(ABLATED, "pixel"), TEST_IMAGES)
    names = METHODS | {key: name for key, name in ABLATIONS.items() if key not in METHODS}
    scores: list[InversionScore] = []
    found: dict[tuple[str, str], np.ndarray] = {}
    for layer in LAYERS.values():
        for system in [system for of, system in rows() if of == layer]:
            for seed in range(SEEDS):
                score, images = score_run(
                    inversions.run(layer, system, seed), targets, names[system]
                )
                scores.append(score)
                found.setdefault((layer, system), images)
        found[layer, OPTIMIZATION] = _optimized(inversions, layer, targets)
        config = inversions.config(layer, "pixel")
        scores.append(score_found(config, targets, found[layer, OPTIMIZATION], OPTIMIZATION))
    paper = {
        (f"alexnet:{layer}", method): values[place]
        for method, values in REPORTED.items()
        for place, layer in enumerate(LAYERS.values())
    }
    notes = (
        f"{len(targets)} test images of {dataset_name(inversions.dataset)}; mean and 95 % interval over "
        "seeds of the training; the optimisation has one seed.",
        "Paper: ImageNet at full size, Table 8; its pixel loss is Dosovitskiy & Brox 2015.",
    )
    table = InversionTable(scores, paper, notes)
    print_inversions(table, inversions.console)
    write_inversions(inversions.folder, table)
    _pictures(inversions.folder, targets, found)
    inversions.console.print(
        f"pictures: {inversions.folder}/layers.png, ablations.png", highlight=False
    )


def _pictures(
    folder: Path, targets: np.ndarray, found: Mapping[tuple[str, str], np.ndarray]
) -> None:
    from tfdeepsim.inversion_evaluation import write_pictures

    layers = {
        f"{paper} {name}": found[layer, key]
        for paper, layer in LAYERS.items()
        for key, name in {**METHODS, OPTIMIZATION: OPTIMIZATION}.items()
    }
    write_pictures(folder / "layers.png", {"image": targets, **layers})
    ablations = {name: found[ABLATED, system] for system, name in ABLATIONS.items()}
    write_pictures(folder / "ablations.png", {"image": targets, **ablations})


def _optimized(inversions: InversionRuns, layer: str, targets: np.ndarray) -> np.ndarray:
    """The images of the optimisation, which are kept, as it takes long."""
    from tfdeepsim.external.from_config import extractor_of
    from tfdeepsim.inversion.optimization import Settings
    from tfdeepsim.inversion_evaluation import optimize

    config, settings = inversions.config(layer, "pixel"), Settings()
    decided = (
        f"{extractor_of(config).sha256} {settings} {hashlib.sha256(targets.tobytes()).hexdigest()}"
    )
    digest = hashlib.sha256(decided.encode()).hexdigest()[:12]
    kept = inversions.folder / f"{layer}-{OPTIMIZATION}-{digest}.npz"
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as file:
            return file["found"]
    found = optimize(config, targets, settings, inversions.console)
    with replacing(kept) as new, open(new, "wb") as file:
        np.savez_compressed(file, found=found)
    return found
