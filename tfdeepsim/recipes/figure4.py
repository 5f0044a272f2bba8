"""Fig. 4 and Fig. 14 of Dosovitskiy & Brox 2016 (§4.2): samples of a VAE under SE and DeePSiM.

    python train.py --recipe figure4 --dataset zip:photos.zip --scale 0.0005 --run-dir runs/figure4

The VAE has an encoder with the layers of AlexNet up to fc6, and the decoder of Table 5. It is
trained with SE, and with DeePSiM on the features of three comparators: conv5 of AlexNet (the
paper's name for `pool5`), fc6 of AlexNet (`relu6`), and conv5 of VideoNet. The encoder starts from
the bundled AlexNet of ImageNet and is trained on, as in the paper; a last row has conv5 of VideoNet
and an encoder that starts from random weights. The report has samples from z ~ N(0, 1),
interpolations between two images, and measures of the samples.

The full size is 500,000 steps of 64 ImageNet crops of 227 pixels for each row. With `--scale` below
1, it is that share of the steps, with images of 64 pixels and 256 latent dimensions. All networks
keep their width, which AlexNet's weights need in the encoder.

The bundled AlexNet ends at pool5, so the comparator fc6 needs `--comparator-weights`: torchvision's
file, or a run of `--task comparator --comparator alexnet`. Without them, the fully connected layers
are first trained on the labels of the dataset, on top of ImageNet's convolutions
(`--convolutions`); the row is left out if there are no labels. VideoNet is first trained on
LunarLander rollouts.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rich.console

from tfdeepsim.comparators import make_comparator
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import FULLY_CONNECTED
from tfdeepsim.console import PlainConsole
from tfdeepsim.data.chosen_images import chosen_images
from tfdeepsim.export import load_generator
from tfdeepsim.fidelity.fidelity import SUBSET_SIZE, features_of
from tfdeepsim.fidelity.frechet import frechet_distance
from tfdeepsim.fidelity.gradients import gradient_ratio
from tfdeepsim.fidelity.kernel import kernel_distance
from tfdeepsim.files import replacing
from tfdeepsim.lock import locked
from tfdeepsim.recipes.images import decode, interpolate, reconstruct
from tfdeepsim.recipes.paper_settings import (
    CAFFE_WEIGHTS,
    VIDEONET,
    is_caffe,
    optimization,
    paper_weights,
    print_departures,
)
from tfdeepsim.recipes.scale import scaled_steps
from tfdeepsim.recipes.trained_comparators import (
    CONVOLUTIONS,
    alexnet_departure,
    has_classes,
    trained_alexnet,
    trained_videonet,
)
from tfdeepsim.report.figures.image_rows import write_image_rows
from tfdeepsim.run import RunDirectory
from tfdeepsim.study import ensure_trained
from tfdeepsim.tables import Table, print_table
from tfdeepsim.work_sharing import in_turn

STEPS = 500_000
LAMBDA_KL = 0.1
SMALL: dict[str, Any] = {"image_size": 64, "shorter_side": 72, "latent_dim": 256}
FULL: dict[str, Any] = {"image_size": 227, "shorter_side": 256}
DEEPSIM: dict[str, Any] = {
    "loss": "deepsim",
    "lambda_feat": 0.25,
    "lambda_adv": 0.1,
    "lambda_img": 10.0,
}
"""Weights for relative feature errors, those of the inversions (`inversion_runs.DEEPSIM`)."""
SYSTEMS: dict[str, dict[str, Any]] = {
    # The image term weighs the same as in `deepsim`, so that the KL term counts as much.
    "SE": {"loss": "pixel", "lambda_img": DEEPSIM["lambda_img"]},
    "AlexNet conv5": DEEPSIM | {"comparator": "alexnet:pool5"},
    "AlexNet fc6": DEEPSIM | {"comparator": "alexnet:relu6"},
    "VideoNet conv5": DEEPSIM | {"comparator": "videonet:pool5"},
    "VideoNet conv5, random": DEEPSIM
    | {"comparator": "videonet:pool5", "encoder_weights": "random"},
}
"""Fields of a `TrainConfig` by the name of a row; the last four are the panels of Fig. 14."""
ENCODER = (
    "the encoder of all rows but the last starts from torchvision's AlexNet up to pool5 with a new "
    "fc6, not from Caffe's up to fc6"
)
SAMPLES, SHOWN, PAIRS = 2000, 10, 2


def configs(
    scale: float = 1.0,
    dataset: str = "imagenet",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    videonet: str | None = None,
) -> dict[str, TrainConfig]:
    """The config of each run, by the name of its row.

    Args:
        scale: Share of the number of steps; below 1, images and latent codes are small.
        dataset: Name of a dataset of colour images.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet up to fc6; None to leave that row out.
        videonet: Weights or run of VideoNet; None to leave its rows out.

    Raises:
        InputError: If `scale` is no share, or leaves no step.
    """
    steps = scaled_steps(STEPS, scale)
    common: dict[str, Any] = {
        "dataset": dataset,
        "data_dir": data_dir,
        "network": "dosovitskiy",
        "model": "vae",
        "encoder_weights": "alexnet",
        "lambda_kl": LAMBDA_KL,
        "steps": steps,
        "augment": "crop",
        **optimization(scale, steps),
    }
    common |= FULL if scale == 1 else SMALL
    needed_weights = {"alexnet:relu6": comparator_weights, "videonet:pool5": videonet}
    rows = {}
    for name, system in SYSTEMS.items():
        comparator = system.get("comparator", "")
        weights = needed_weights.get(comparator)
        if comparator not in needed_weights or weights is not None:
            if comparator.startswith("alexnet") and is_caffe(comparator_weights):
                weights = comparator_weights
            rows[name] = TrainConfig(
                **common | _loss(system, weights, scale), comparator_weights=weights
            )
    return rows


def _loss(system: dict[str, Any], weights: str | None, scale: float) -> dict[str, Any]:
    """Fields of a loss; at full size with the weights λ of the paper."""
    fields = system | {"lambda_kl": LAMBDA_KL}
    if str(fields.get("comparator")).startswith("alexnet") and is_caffe(weights):
        fields["comparator"] = f"caffe_{fields['comparator']}"
    if scale < 1:
        return fields
    return paper_weights(fields, FULL["image_size"], DEEPSIM["lambda_img"], FULLY_CONNECTED)


def reproduce(
    run_dir: str = "runs/figure4",
    scale: float = 1.0,
    dataset: str = "imagenet",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
    convolutions: str = CONVOLUTIONS,
) -> None:
    """Train the runs, sample, interpolate, and write the report; existing runs are resumed.

    Args:
        run_dir: Folder for the runs, `samples.png`, `reconstructions.png`, `interpolations.png` and
            `samples.csv`.
        scale: Share of the number of steps; below 1, images and latent codes are small.
        dataset: Name of a dataset of colour images.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet up to fc6; None to train its fully connected layers
            first, or to leave that row out if the dataset has no classes.
        dry_run: Check everything, print the cost of each run, and stop.
        convolutions: What is below the layers that are trained, as `TrainConfig.convolutions`.
    """
    console, folder = PlainConsole(), Path(run_dir)
    alexnet_run, video_run = RunDirectory(folder / "alexnet"), RunDirectory(folder / "videonet")
    scaled_steps(STEPS, scale)  # which checks the scale, before data is opened
    image_size = (FULL if scale == 1 else SMALL)["image_size"]
    trains_alexnet = comparator_weights is None and has_classes(
        dataset, data_dir, image_size, dry_run
    )
    weights = str(alexnet_run.path) if trains_alexnet else comparator_weights
    rows = configs(scale, dataset, data_dir, weights, str(video_run.path))
    paper = configs(1.0, comparator_weights=CAFFE_WEIGHTS, videonet=str(video_run.path))
    further = [alexnet_departure(dataset, convolutions)] if trains_alexnet else []
    print_departures(rows, paper, console, (ENCODER, VIDEONET, *further))
    if weights is None:
        console.print(f"AlexNet fc6 is left out: no --comparator-weights, no classes in {dataset}")
    if trains_alexnet:
        weights = trained_alexnet(
            alexnet_run,
            dataset=dataset,
            data_dir=data_dir,
            image_size=image_size,
            convolutions=convolutions,
            dry_run=dry_run,
            console=console,
        )
    videonet = trained_videonet(video_run, data_dir, dry_run, console)
    missing = {"AlexNet fc6": weights is None, "VideoNet": videonet is None}
    runs = {
        name: RunDirectory(folder / name.lower().replace(", ", "-").replace(" ", "-"))
        for name in rows
    }
    paths = {name: run.path for name, run in runs.items()}
    for name in rows if dry_run else in_turn(paths, console):
        console.rule(name)
        if any(lacks and name.startswith(network) for network, lacks in missing.items()):
            console.print("its cost is known when its comparator is trained")
            continue
        ensure_trained(rows[name], runs[name], dry_run=dry_run, console=console)
    if not dry_run:
        with locked(folder):
            _report(runs, next(iter(rows.values())), folder, console)


def _report(
    runs: Mapping[str, RunDirectory],
    config: TrainConfig,
    folder: Path,
    console: rich.console.Console,
) -> None:
    real = chosen_images(config, SAMPLES)
    size = (len(real), config.latent_dim)
    latents = np.random.default_rng(1).standard_normal(size).astype(np.float32)
    rows = np.linspace(0, len(real) - 1, 2 * SHOWN).astype(int)
    shown = real[rows]
    samples = {"real images": real}
    reconstructions, interpolations = {"images": shown[:SHOWN]}, {}
    for name, run in runs.items():
        generator = load_generator(run)
        samples[name] = decode(generator, latents)
        reconstructions[name] = reconstruct(generator, shown[:SHOWN])
        for pair in range(PAIRS):
            first, second = shown[2 * pair : 2 * pair + 2]
            interpolations[f"{name} {pair + 1}"] = interpolate(generator, first, second, SHOWN)
    _report_measures(samples, folder, console)
    sampled = {}
    for name, images in samples.items():
        # Two rows of pictures: names must differ.
        sampled[name], sampled[f"{name} "] = images[rows[:SHOWN]], images[rows[SHOWN:]]
    write_image_rows(folder / "samples.png", sampled)
    write_image_rows(folder / "reconstructions.png", reconstructions)
    write_image_rows(folder / "interpolations.png", interpolations)
    console.print(
        f"pictures: {folder}/samples.png, reconstructions.png, interpolations.png",
        soft_wrap=True,
    )


def _report_measures(
    samples: Mapping[str, np.ndarray], folder: Path, console: rich.console.Console
) -> None:
    """Print FID, KID and gradients of samples, and write them to `samples.csv`.

    Args:
        samples: uint8 [N, H, W, 3] by name; the first are the real images.
        folder: Folder of the file.
        console: Console to print to.
    """
    extractor = make_comparator("alexnet:pool5")
    features = {
        name: features_of(images, lambda batch: extractor(batch).numpy()).mean(axis=(1, 2))
        for name, images in samples.items()
    }
    real, *names = samples
    headings = ("samples", "FID", "KID", "gradients (1 = real)")
    rows = []
    for name in names:
        size = min(SUBSET_SIZE, len(samples[name]) // 2)
        kid, deviation = kernel_distance(features[name], features[real], subset_size=size)
        fid = frechet_distance(features[name], features[real])
        ratio = gradient_ratio(samples[name], samples[real])
        rows.append((name, f"{fid:.4g}", f"{kid:.3g} ± {deviation:.2g}", f"{ratio:.2f}"))
    title = f"{len(samples[real])} samples beside as many test images"
    note = (
        "FID and KID are computed from pool5 of the bundled AlexNet, so they can be compared "
        "within this table only. Each row is one run. “Random” are the encoder's first weights."
    )
    print_table(Table(title, headings, [rows], [note]), console)
    with replacing(folder / "samples.csv") as new, open(new, "w", newline="") as file:
        csv.writer(file).writerows([headings, *rows])
