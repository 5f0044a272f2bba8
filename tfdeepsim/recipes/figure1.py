"""Fig. 1 of Pihlgren et al. 2020: which part of an image is still in the embedding of each encoder?

    python train.py --recipe figure1 --scale 0.01                  # small, for a laptop
    python train.py --recipe figure1 --dataset stl10 --data-dir DIR

AE, VAE, P. AE and P. VAE are trained as in Table 1. Their encoders are frozen, and a decoder is
trained on the embeddings of each with the mean squared error of pixels. The report has a picture of
decoded test images and a table of the errors.

The full size is that of Table 1 with one seed, and 20,000 steps of 64 images for each decoder.
"""

from collections.abc import Mapping
from pathlib import Path

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.console import PlainConsole
from tfdeepsim.decoder_probe import SPLITS, DecoderProbeResult, train_decoder
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.lock import locked
from tfdeepsim.recipes.scale import scaled_steps
from tfdeepsim.recipes.table1 import configs as table1_configs
from tfdeepsim.report.figures.image_rows import MOST, write_image_rows
from tfdeepsim.representations.embeddings import embeddings_of
from tfdeepsim.study import Study
from tfdeepsim.tables import Table, print_table, table_markdown

DECODER_STEPS = 20_000
DATASETS = ("llv2", "stl10", "svhn")
NAMES = {"ae": "AE", "vae": "VAE", "p-ae": "P. AE", "p-vae": "P. VAE"}


def configs(
    scale: float = 1.0,
    dataset: str = "llv2",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
) -> dict[str, TrainConfig]:
    """The config of each encoder, by the name of its row; they are those of Table 1.

    Args:
        scale: Share of the images seen in training, as for Table 1.
        dataset: One of `DATASETS`.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet; None for the bundled ones.

    Raises:
        InputError: If `scale` is out of range, or the dataset is not one of the paper's.
    """
    if dataset not in DATASETS:
        raise InputError(
            "Fig. 1 is of a dataset of Table 1", got=dataset, accepted=", ".join(DATASETS)
        )
    return table1_configs(scale, data_dir, comparator_weights)[dataset]


def reproduce(
    run_dir: str = "runs/figure1",
    scale: float = 1.0,
    dataset: str = "llv2",
    data_dir: str | None = None,
    comparator_weights: str | None = None,
    dry_run: bool = False,
) -> dict[str, DecoderProbeResult]:
    """Train the encoders and a decoder on each, and write the report; existing runs are resumed.

    Args:
        run_dir: Folder for the runs, `decoded.png` and `decoded.md`.
        scale: Share of the images seen in training, and of the steps of the decoders.
        dataset: One of `DATASETS`.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        comparator_weights: Weights of AlexNet; None for the bundled ones.
        dry_run: Check everything, print the cost of each run, and stop.

    Returns:
        Decoded test images and their error, by the name of the encoder; empty after a dry run.
    """
    console, folder = PlainConsole(), Path(run_dir)
    study = Study(folder, configs(scale, dataset, data_dir, comparator_weights), seeds=1)
    steps = scaled_steps(DECODER_STEPS, scale)
    study.check()
    console.print(
        f"4 encoders, and a decoder of {steps:,} steps on each; the paper does not say how long "
        "its decoders were trained",
    )
    study.train(dry_run, console)
    if dry_run:
        return {}
    results = {}
    with locked(folder):
        for name, config in study.configs.items():
            [representation] = study.representations(name)
            splits = study.splits(config)
            console.print(f"{name}: a decoder on the frozen embeddings")
            embeddings = embeddings_of(representation, config.dataset, splits, SPLITS)
            results[name] = train_decoder(
                representation, splits, embeddings, dataset_name=config.dataset, steps=steps
            )
        _report(results, dataset, folder, console)
    return results


def _report(
    results: Mapping[str, DecoderProbeResult],
    dataset: str,
    folder: Path,
    console: rich.console.Console,
) -> None:
    """Print the errors, and write them and the picture."""
    original = next(iter(results.values())).original
    pictures = {"image": original[:MOST]}
    pictures |= {NAMES[name]: result.decoded[:MOST] for name, result in results.items()}
    write_image_rows(folder / "decoded.png", pictures)
    table = Table(
        f"Test images of {dataset}, decoded from frozen embeddings",
        ["Encoder", "MSE of pixels ↓"],
        [[(NAMES[name], f"{result.mse:.5f}") for name, result in results.items()]],
        ["Over all test images, of pixels in [0, 1]. One seed of each encoder and decoder."],
    )
    print_table(table, console)
    with replacing(folder / "decoded.md") as new:
        new.write_text(table_markdown(table), encoding="utf-8")
    console.print(f"picture: {folder / 'decoded.png'}", soft_wrap=True)
