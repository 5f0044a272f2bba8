"""Table 8, Fig. 6 and Fig. 7 of Dosovitskiy & Brox 2016 (§4.3): AlexNet inverted, and the effect of
each loss term.

    python train.py --recipe table8 --data-dir DIR --comparator-weights alexnet-owt-7be5be79.pth
    python train.py --recipe table8 --dataset zip:photos.zip --scale 0.0006

Images are reconstructed from pool5, relu6, relu7 and fc8 (conv5, fc6, fc7 and fc8 in the paper) by
generators that are trained with DeePSiM or with the pixel loss, and by
optimization of each image without training (Mahendran & Vedaldi 2015). From relu6, images are also
reconstructed with DeePSiM without one or two of its terms. The report has the errors of test images
and of their features, over two seeds.

Without `--comparator-weights`, the fully connected layers of AlexNet are first trained on the
labels of the dataset, on top of ImageNet's convolutions (`--convolutions`).
"""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tfdeepsim.data.chosen_images import chosen_images
from tfdeepsim.data.naming import dataset_name
from tfdeepsim.external.from_config import extractor_of
from tfdeepsim.files import replacing, sha256_of_json
from tfdeepsim.inversion.features import Features
from tfdeepsim.inversion.optimization_settings import OptimizationSettings
from tfdeepsim.inversion.score import InversionScore, score_inversion
from tfdeepsim.inversion.tv_weight import RULE, TV_WEIGHTS, Trial, TvChoice
from tfdeepsim.inversion_evaluation import (
    TEST_IMAGES,
    chosen_tv_weight,
    reconstruct_by_optimization,
    score_run,
    validation_images,
    write_pictures,
)
from tfdeepsim.lock import locked
from tfdeepsim.numpy_files import read_npz
from tfdeepsim.recipes.inversion_runs import LAYERS, RUN_DIR, InversionRuns
from tfdeepsim.recipes.trained_comparators import CONVOLUTIONS
from tfdeepsim.report.inversion_table import InversionTable, print_inversions, write_inversions

SEEDS = 2
METHODS = {"deepsim": "DeePSiM", "pixel": "pixel loss"}
"""Names of the systems that are trained for each layer."""
ABLATIONS = {
    "deepsim": "DeePSiM",
    "without-img": "without image",
    "without-feat": "without feature",
    "without-adv": "without adversarial",
    "pixel": "without both",
}
"""Names of the systems that are trained for `ABLATED`."""
ABLATED = "relu6"
OPTIMIZATION = "optimization"
REPORTED_LAYERS = tuple(LAYERS.values())
REPORTED: dict[str, tuple[str | None, ...]] = {
    OPTIMIZATION: ("71 / 19", "80 / 19", "82 / 16", "84 / 9"),
    METHODS["pixel"]: (None, "46 / 79", None, None),
    METHODS["deepsim"]: ("43 / 37", "55 / 48", "61 / 45", "63 / 29"),
}
"""Table 8: errors of images and features in percent, by method and layer; None where the paper has
no value. The pixel loss is its row "Our just image loss"."""
EARLIER = "Dosovitskiy and Brox 2015: image / feature"
REPORTED_EARLIER = ("35 / –", "51 / –", "56 / –", "58 / –")
"""Table 8: errors of the pixel loss with the generators of Dosovitskiy & Brox 2015, by layer."""

Images = dict[tuple[str, str], np.ndarray]
"""Reconstructions uint8 [N, H, W, 3], by layer and system."""


def rows() -> list[tuple[str, str]]:
    """Layer and system of the runs of each seed."""
    ablations = [(ABLATED, system) for system in ABLATIONS if system not in METHODS]
    return [(layer, system) for layer in LAYERS.values() for system in METHODS] + ablations


def reproduce(
    run_dir: str = RUN_DIR,
    scale: float = 1.0,
    dataset: str = "imagenet",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
    convolutions: str = CONVOLUTIONS,
) -> None:
    """Train the runs, invert, and write the report; existing runs are resumed.

    Args:
        run_dir: Folder for the runs, `inversions.csv`, `inversions.md`, `layers.png` and
            `ablations.png`.
        scale: Share of the number of steps; below 1, images and networks are small.
        dataset: Name of a dataset of colour images; with labels, unless there are
            `comparator_weights`.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet with its fully connected layers; None to train these
            first.
        dry_run: Check everything, print the cost of each run, and stop.
        convolutions: What is below the layers that are trained, as `TrainConfig.convolutions`.
    """
    inversions = InversionRuns(
        run_dir, scale, dataset, data_dir, comparator_weights, dry_run, convolutions
    )
    inversions.print_departures(rows())
    inversions.train_alexnet()
    # Seed by seed, so that the first results can be looked at early.
    seeds = range(1 if dry_run else SEEDS)
    inversions.train([(layer, system, seed) for seed in seeds for layer, system in rows()])
    if dry_run:
        inversions.console.print(f"and the same with {SEEDS} seeds in all")
    else:
        with locked(inversions.folder):
            _report(inversions)


def _report(inversions: InversionRuns) -> None:
    targets = chosen_images(inversions.config(ABLATED, "pixel"), TEST_IMAGES)
    scores, images, choices = _evaluate(inversions, targets)
    notes = (
        f"{len(targets)} test images of {dataset_name(inversions.dataset)}; mean and 95 % interval "
        "over seeds of the training; the optimization has one seed.",
        _note(choices),
        "Paper: ImageNet at full size, Table 8; the pixel loss is its row “Our just image loss”. "
        "Dosovitskiy & Brox 2015 have the same loss and smaller generators.",
    )
    reported = _by_row(REPORTED, inversions.network)
    earlier = {EARLIER: _by_row({METHODS["pixel"]: REPORTED_EARLIER}, inversions.network)}
    table = InversionTable(scores, reported, notes, other_papers=earlier)
    print_inversions(table, inversions.console)
    write_inversions(inversions.folder, table)
    _write_pictures(inversions.folder, targets, images)
    inversions.console.print(
        f"pictures: {inversions.folder}/layers.png, ablations.png", soft_wrap=True
    )


def _by_row(
    reported: Mapping[str, Sequence[str | None]], network: str = "alexnet"
) -> dict[tuple[str, str], str]:
    """Reported values by features and method, as in the rows of the table."""
    return {
        (f"{network}:{layer}", method): value
        for method, values in reported.items()
        for layer, value in zip(REPORTED_LAYERS, values, strict=True)
        if value is not None
    }


def _evaluate(
    inversions: InversionRuns, targets: np.ndarray
) -> tuple[list[InversionScore], Images, dict[str, TvChoice]]:
    """Scores of all rows and seeds, the reconstructions of the first seed, and by layer the choice
    of the weight of the total variation."""
    validation = validation_images(inversions.config(ABLATED, "pixel"))
    names = METHODS | {key: name for key, name in ABLATIONS.items() if key not in METHODS}
    scores: list[InversionScore] = []
    images: Images = {}
    choices: dict[str, TvChoice] = {}
    for layer in LAYERS.values():
        for system in [system for of_layer, system in rows() if of_layer == layer]:
            for seed in range(SEEDS):
                run = inversions.run(layer, system, seed)
                score, reconstructions = score_run(run, targets, names[system])
                scores.append(score)
                images.setdefault((layer, system), reconstructions)
        config = inversions.config(layer, "pixel")
        features = Features(extractor_of(config), targets.shape[1:])
        optimized, choices[layer] = _optimized(inversions, layer, features, validation, targets)
        images[layer, OPTIMIZATION] = optimized
        scores.append(
            score_inversion(
                targets, optimized, features, inverted=str(config.invert), method=OPTIMIZATION
            )
        )
    return scores, images, choices


def _note(choices: dict[str, TvChoice]) -> str:
    weights = ", ".join(f"{layer} {choice.weight:g}" for layer, choice in choices.items())
    count = next(iter(choices.values())).images
    return (
        f"Weight of the total variation of the optimization: {weights}; chosen on {count} "
        f"validation images by the {RULE}."
    )


def _write_pictures(folder: Path, targets: np.ndarray, images: Images) -> None:
    layers = {
        f"{paper} {name}": images[layer, key]
        for paper, layer in LAYERS.items()
        for key, name in {**METHODS, OPTIMIZATION: OPTIMIZATION}.items()
    }
    write_pictures(folder / "layers.png", {"image": targets, **layers})
    ablations = {name: images[ABLATED, system] for system, name in ABLATIONS.items()}
    write_pictures(folder / "ablations.png", {"image": targets, **ablations})


def _optimized(
    inversions: InversionRuns,
    layer: str,
    features: Features,
    validation: np.ndarray,
    targets: np.ndarray,
) -> tuple[np.ndarray, TvChoice]:
    """Images that are optimized for the features of test images, and the weight of the total
    variation, which is chosen on validation images; both are cached in a file of the folder."""
    settings = OptimizationSettings()
    digest = _digest(features, settings, validation, targets)
    cache = inversions.folder / f"{layer}-{OPTIMIZATION}-{digest[:12]}.npz"
    if cache.is_file():
        found, stored = read_npz(cache, "found", "trials").values()
        trials = [Trial(*row) for row in stored.tolist()]
        return found, TvChoice(tuple(trials), len(validation))
    choice = chosen_tv_weight(
        features, validation, settings, f"{inversions.network}:{layer}", inversions.console
    )
    settings = dataclasses.replace(settings, tv_weight=choice.weight)
    images = reconstruct_by_optimization(features, targets, settings, inversions.console)
    rows = np.array([dataclasses.astuple(trial) for trial in choice.trials])
    with replacing(cache) as new, open(new, "wb") as file:
        np.savez_compressed(file, found=images, trials=rows)
    return images, choice


def _digest(
    features: Features, settings: OptimizationSettings, validation: np.ndarray, targets: np.ndarray
) -> str:
    """SHA-256 of everything that determines the choice of the weight and the optimized images."""
    images = [hashlib.sha256(array.tobytes()).hexdigest() for array in (validation, targets)]
    choice = {"weights": TV_WEIGHTS, "rule": RULE}
    return sha256_of_json(
        [features.extractor.sha256, dataclasses.asdict(settings), choice, *images]
    )
