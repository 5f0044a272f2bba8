"""Fig. 4 of Dosovitskiy & Brox 2016 (§4.2): samples of a VAE under SE and under DeePSiM.

    python train.py --recipe figure4 --dataset zip:photos.zip --scale 0.001 --run-dir runs/figure4

AlexNet-shaped encoder up to fc6 and the decoder of Table 5, with SE, and with DeePSiM over conv5 of
AlexNet (the paper's name for `pool5`), fc6 (`relu6`) and conv5 of VideoNet. Samples from z ~ N(0,
1), interpolations between two images, and the samples in numbers. Full size is 500,000 steps of 64
ImageNet crops of 227 px a row; with `--scale` below 1 it is that share of the steps, at 64 pixels,
half the channels and 256 latent dimensions.

The AlexNet of the package ends at pool5: fc6 needs `--comparator-weights`, torchvision's file or
the folder of `--task comparator --comparator alexnet`. VideoNet learns from LunarLander rollouts
first.
"""

from pathlib import Path
from typing import Any

import numpy as np
import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.chosen_images import chosen_images
from tfdeepsim.recipes.scale import scaled_steps
from tfdeepsim.recipes.trained_comparators import taught_videonet
from tfdeepsim.run import RunDirectory

STEPS = 500_000
LEARNING_RATE = 5e-4
LAMBDA_KL = 0.1
SMALL: dict[str, Any] = {"image_size": 64, "shorter_side": 72, "width": 0.5, "latent_dim": 256}
FULL: dict[str, Any] = {"image_size": 227, "shorter_side": 256}
SYSTEMS: dict[str, dict[str, Any]] = {
    # The same weight of the image as in `deepsim`, so that the KL term counts as much.
    "SE": {"loss": "pixel", "lambda_img": 10.0},
    "AlexNet conv5": {"loss": "deepsim", "comparator": "alexnet:pool5"},
    "AlexNet fc6": {"loss": "deepsim", "comparator": "alexnet:relu6"},
    # Its features are of pixels from 0 to 255: squares some 5,000 times as large.
    "VideoNet conv5": {"loss": "deepsim", "comparator": "videonet:pool5", "lambda_feat": 2e-4},
}
SAMPLES, SHOWN, BLENDS = 2000, 10, 4


def configs(
    scale: float = 1.0,
    dataset: str = "imagenet",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    videonet: str | None = None,
) -> dict[str, TrainConfig]:
    """What is trained, by the name of its row.

    Args:
        scale: Of the number of steps; below 1 the networks and images are small.
        dataset: Of colour images.
        data_dir: Where datasets are.
        comparator_weights: Of AlexNet up to fc6; None to leave that row out.
        videonet: Weights or run of VideoNet; None to leave that row out.

    Raises:
        InputError: If the scale leaves nothing to train.
    """
    common: dict[str, Any] = {
        "dataset": dataset,
        "data_dir": data_dir,
        "network": "dosovitskiy",
        "model": "vae",
        "lambda_kl": LAMBDA_KL,
        "steps": scaled_steps(STEPS, scale),
        "augment": "crop+flip",
        "learning_rate": LEARNING_RATE,
    }
    common |= FULL if scale == 1 else SMALL
    weights = {"alexnet:relu6": comparator_weights, "videonet:pool5": videonet}
    rows = {
        name: (system, weights.get(system.get("comparator", ""), ""))
        for name, system in SYSTEMS.items()
    }
    return {
        name: TrainConfig(**common, **system, comparator_weights=path or None)
        for name, (system, path) in rows.items()
        if path is not None
    }


def reproduce(
    run_dir: str = "runs/figure4",
    scale: float = 1.0,
    dataset: str = "imagenet",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
) -> None:
    """Train, sample, interpolate, report. Runs that are there already are gone on with.

    Args:
        run_dir: Holds the runs, `samples.png`, `interpolations.png`, `samples.csv`.
        scale: Of the number of steps.
        dataset: As the command line spells it.
        data_dir: Where datasets are.
        comparator_weights: Of AlexNet up to fc6.
        dry_run: Check, show what each run would cost, and stop.
    """
    from tfdeepsim.study import ensure_trained

    console, folder = rich.console.Console(), Path(run_dir)
    videonet = taught_videonet(RunDirectory(folder / "videonet"), data_dir, dry_run, console)
    if comparator_weights is None:
        console.print(
            "AlexNet fc6 is left out: no --comparator-weights with fully connected layers"
        )
    rows = configs(scale, dataset, data_dir, comparator_weights, videonet)
    runs = {name: RunDirectory(folder / name.lower().replace(" ", "-")) for name in rows}
    for name, config in rows.items():
        console.rule(name)
        ensure_trained(config, runs[name], dry_run=dry_run, console=console)
    if not dry_run:
        _report(runs, next(iter(rows.values())), folder, console)


def _report(
    runs: dict[str, RunDirectory], config: TrainConfig, folder: Path, console: rich.console.Console
) -> None:
    from tfdeepsim.export import load_generator
    from tfdeepsim.recipes.images import blend, decode, reconstruct
    from tfdeepsim.report.figures.image_rows import write_image_rows

    real = chosen_images(config, SAMPLES)
    count = len(real)
    latents = (
        np.random.default_rng(1).standard_normal((count, config.latent_dim)).astype(np.float32)
    )
    shown = np.linspace(0, count - 1, 2 * SHOWN).astype(int)
    samples, reconstructions, blends = {"real images": real}, {"images": real[shown[:SHOWN]]}, {}
    for name, run in runs.items():
        generator = load_generator(run)
        samples[name] = decode(generator, latents)
        reconstructions[name] = reconstruct(generator, real[shown[:SHOWN]])
        for pair in range(BLENDS // 2):
            first, second = real[shown[2 * pair]], real[shown[2 * pair + 1]]
            blends[f"{name} {pair + 1}"] = blend(generator, first, second, SHOWN)
    _numbers(samples, folder, console)
    first = {name: images[shown[:SHOWN]] for name, images in samples.items()}
    second = {f"{name} ": images[shown[SHOWN:]] for name, images in samples.items()}
    pairs = {
        key: rows[key] for name in samples for rows, key in ((first, name), (second, f"{name} "))
    }
    write_image_rows(folder / "samples.png", pairs)
    write_image_rows(folder / "reconstructions.png", reconstructions)
    write_image_rows(folder / "interpolations.png", blends)
    console.print(
        f"pictures: {folder}/samples.png, reconstructions.png, interpolations.png", highlight=False
    )


def _numbers(samples: dict[str, np.ndarray], folder: Path, console: rich.console.Console) -> None:
    """FID, KID and gradients of samples beside real images, printed and in `samples.csv`."""
    import csv

    from tfdeepsim.comparators import make_comparator
    from tfdeepsim.fidelity.fidelity import SUBSET_SIZE, features_of
    from tfdeepsim.fidelity.frechet import frechet_distance
    from tfdeepsim.fidelity.gradients import gradient_ratio
    from tfdeepsim.fidelity.kernel import kernel_distance
    from tfdeepsim.files import replacing
    from tfdeepsim.tables import Table, print_table

    extractor = make_comparator("alexnet:pool5")
    features = {
        name: features_of(images, lambda batch: extractor(batch).numpy()).mean(axis=(1, 2))
        for name, images in samples.items()
    }
    reference, *names = samples
    titles = ("samples", "FID", "KID", "gradients (1 = real)")
    rows = []
    for name in names:
        size = min(SUBSET_SIZE, len(samples[name]) // 2)
        kid, deviation = kernel_distance(features[name], features[reference], subset_size=size)
        fid = frechet_distance(features[name], features[reference])
        ratio = gradient_ratio(samples[name], samples[reference])
        rows.append((name, f"{fid:.4g}", f"{kid:.3g} ± {deviation:.2g}", f"{ratio:.2f}"))
    title = f"{len(samples[reference])} samples beside as many test images"
    note = (
        "FID and KID are computed from pool5 of the package's AlexNet, so they can be compared "
        "within this table only. Each row is one run."
    )
    print_table(Table(title, titles, [rows], [note]), console)
    with replacing(folder / "samples.csv") as new, open(new, "w", newline="") as file:
        csv.writer(file).writerows([titles, *rows])
