"""Evaluate inversions: by runs of `--task inversion`, or by optimization of each image."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.console import PlainConsole
from tfdeepsim.data.chosen_images import chosen_images
from tfdeepsim.errors import InputError
from tfdeepsim.export import load_generator
from tfdeepsim.external.from_config import extractor_of
from tfdeepsim.inversion.features import Features
from tfdeepsim.inversion.optimization import invert_by_optimization
from tfdeepsim.inversion.optimization_settings import OptimizationSettings
from tfdeepsim.inversion.score import InversionScore, score_inversion
from tfdeepsim.inversion.trained_inversion import TrainedInversion
from tfdeepsim.inversion.tv_weight import VALIDATION_IMAGES, TvChoice, choose_tv_weight
from tfdeepsim.options import DataOptions
from tfdeepsim.pixels import to_bytes
from tfdeepsim.progress import ProgressBar
from tfdeepsim.report.figures.image_rows import write_image_rows
from tfdeepsim.report.inversion_table import InversionTable, print_inversions, write_inversions
from tfdeepsim.run import RunDirectory
from tfdeepsim.tables import print_table

TEST_IMAGES = 500
"""Test images that scores are computed on, at most."""
SHOWN_IMAGES = 10


def open_inversion(run: RunDirectory) -> TrainedInversion:
    """Load a run of `--task inversion`: its generator, and the network that it inverts.

    Raises:
        InputError: If the run is of another task or not finished, or the network has changed since
            its training.
    """
    return _open_inversion(run, inversion_config(run))


def _open_inversion(run: RunDirectory, config: TrainConfig) -> TrainedInversion:
    record = run.read_environment()
    extractor = extractor_of(config)
    trained_sha256 = record["inverted"]["sha256"]
    if extractor.sha256 != trained_sha256:
        raise InputError(
            "an inversion belongs to the network that it was trained on",
            got=f"{config.invert} with sha256 {extractor.sha256[:12]}",
            accepted=f"the one with sha256 {trained_sha256[:12]}, see {run.environment}",
        )
    return TrainedInversion(
        load_generator(run), extractor, record["dataset"]["image_shape"], run.name
    )


def inversion_config(run: RunDirectory) -> TrainConfig:
    """The config of a run of `--task inversion`.

    Raises:
        InputError: If the run is of another task.
    """
    config = TrainConfig.from_dict(run.read_config())
    if config.task != "inversion":
        raise InputError(
            "inversions are compared with inversions",
            got=f"{run.path}, of --task {config.task}",
            accepted="runs of --task inversion alone, or none of them",
        )
    return config


def score_run(
    run: RunDirectory, targets: np.ndarray, method: str
) -> tuple[InversionScore, np.ndarray]:
    """Score a run of `--task inversion` on test images.

    Args:
        run: The run directory.
        targets: uint8 [N, H, W, 3].
        method: Name of the method in tables.

    Returns:
        The score, and the reconstructions, uint8 [N, H, W, 3].

    Raises:
        InputError: As `open_inversion`.
    """
    config = inversion_config(run)
    inversion = _open_inversion(run, config)
    reconstructions = inversion.reconstruct(targets)
    score = score_inversion(
        targets,
        reconstructions,
        inversion.features,
        inverted=str(config.invert),
        method=method,
        seed=config.seed,
    )
    return score, reconstructions


def reconstruct_by_optimization(
    features: Features,
    targets: np.ndarray,
    settings: OptimizationSettings,
    console: rich.console.Console | None = None,
) -> np.ndarray:
    """Invert the features of test images by optimization.

    Source: Dosovitskiy & Brox 2016, eq. (8).

    Args:
        features: Features of the inverted network.
        targets: uint8 [N, H, W, 3].
        settings: Settings of the optimization.
        console: Console for the progress bar; None for standard error.

    Returns:
        uint8 [N, H, W, 3].

    Raises:
        InputError: As `invert_by_optimization`.
    """
    with ProgressBar("Optimizing images", len(targets) * settings.steps, console=console) as bar:
        images = invert_by_optimization(
            features.extractor, features(targets), targets.shape[1:], settings, bar.update
        )
    return to_bytes(images)


def validation_images(options: DataOptions) -> np.ndarray:
    """The images that the weight of the total variation is chosen on: up to 16 of
    `encoder_validation`, uint8 [N, H, W, 3]."""
    return chosen_images(options, VALIDATION_IMAGES, "encoder_validation")


def chosen_tv_weight(
    features: Features,
    images: np.ndarray,
    settings: OptimizationSettings,
    inverted: str,
    console: rich.console.Console | None = None,
) -> TvChoice:
    """Choose the weight of the total variation on validation images, and print the errors of all
    weights that were tried.

    Args:
        features: Features of the inverted network.
        images: Validation images, uint8 [N, H, W, 3].
        settings: Settings of the optimization.
        inverted: Name of the inverted network and layer, for the title.
        console: Console for the table and the progress bar; None for standard output and standard
            error.

    Raises:
        InputError: As `choose_tv_weight`.
    """
    what = "Choosing the weight of the total variation"
    with ProgressBar(what, None, console=console) as bar:
        choice = choose_tv_weight(features, images, settings, progress=bar.update)
    print_table(choice.table(inverted), console)
    return choice


def compare_inversions(
    paths: Sequence[str], user_options: Mapping[str, Any], folder: Path | None
) -> None:
    """Compare runs of `--task inversion` in a table and a picture.

    Args:
        paths: Run directories.
        user_options: Fields of `DataOptions` that the user set; the others are those of the first
            run.
        folder: Folder that files are written to, where they replace earlier ones; None to print
            the table and write nothing.

    Raises:
        InputError: If runs differ in their image size or share a name; also as `open_inversion`.
    """
    runs = [RunDirectory(path) for path in paths]
    configs = [inversion_config(run) for run in runs]
    image_shape = _common_image_shape(runs)
    options = _data_options(configs[0], image_shape, user_options)
    targets = chosen_images(options, TEST_IMAGES)
    results = {run.name: score_run(run, targets, run.name) for run in runs}
    _show(options.dataset, targets, results, folder)


def _data_options(
    config: TrainConfig, image_shape: tuple[int, ...], user_options: Mapping[str, Any]
) -> DataOptions:
    if user_options.get("dataset", config.dataset) == config.dataset:
        return dataclasses.replace(config, **user_options)
    # Another dataset has other labels and splits, but needs the image size of the generators.
    return DataOptions(
        **{"data_dir": config.data_dir, "image_size": image_shape[0], **user_options}
    )


def _common_image_shape(runs: Sequence[RunDirectory]) -> tuple[int, ...]:
    names = [run.name for run in runs]
    if repeated := [name for index, name in enumerate(names) if name in names[:index]]:
        raise InputError(
            "inversions are told apart by their names",
            got=f"{repeated[0]} more than once",
            accepted="run directories of different names",
        )
    shapes = [tuple(run.read_environment()["dataset"]["image_shape"]) for run in runs]
    if different := [index for index, shape in enumerate(shapes) if shape != shapes[0]]:
        first, other = (f"{names[i]} of {list(shapes[i])}" for i in (0, different[0]))
        raise InputError(
            "inversions in one table see images of one size",
            got=f"{first}, {other}",
            accepted="runs of one --image-size",
        )
    return shapes[0]


def evaluate_optimization(
    config: TrainConfig, settings: OptimizationSettings, folder: Path | None
) -> None:
    """Invert test images by optimization; print and write as `compare_inversions`.

    Args:
        config: Config that names the dataset and the inverted network.
        settings: Settings of the optimization; without a `tv_weight`, it is chosen on validation
            images.
        folder: Folder that files are written to, where they replace earlier ones; None to print
            the table and write nothing.

    Raises:
        InputError: If the network cannot be inverted.
    """
    targets = chosen_images(config, TEST_IMAGES)
    features = Features(extractor_of(config), targets.shape[1:])
    console = PlainConsole()
    notes = []
    if settings.tv_weight is None:
        choice = chosen_tv_weight(
            features, validation_images(config), settings, str(config.invert), console
        )
        settings = dataclasses.replace(settings, tv_weight=choice.weight)
        notes.append(choice.note)
    images = reconstruct_by_optimization(features, targets, settings, console)
    method = f"optimization, {settings.method}"
    score = score_inversion(
        targets,
        images,
        features,
        inverted=str(config.invert),
        method=method,
        seed=settings.seed,
    )
    _show(config.dataset, targets, {method: (score, images)}, folder, notes)


def _show(
    dataset: str,
    targets: np.ndarray,
    results: Mapping[str, tuple[InversionScore, np.ndarray]],
    folder: Path | None,
    notes: Sequence[str] = (),
) -> None:
    """Print the table, and write it and a picture; `results` are scores and reconstructions by
    name, `notes` sentences below the table."""
    note = f"{len(targets)} test images of {dataset}, whose distances are the unit of both errors."
    table = InversionTable([score for score, _ in results.values()], notes=[note, *notes])
    print_inversions(table)
    if folder is not None:
        write_inversions(folder, table)
        rows = {name: reconstructions for name, (_, reconstructions) in results.items()}
        write_pictures(folder / "inversions.png", {"image": targets} | rows)


def write_pictures(path: Path, rows: Mapping[str, np.ndarray]) -> None:
    """Write a picture of some images of each row.

    Args:
        path: PNG file to write.
        rows: By name uint8 [N, H, W, 3]; up to 10 images are shown, evenly spaced over the N.
    """
    count = len(next(iter(rows.values())))
    shown = np.linspace(0, count - 1, min(count, SHOWN_IMAGES)).astype(int)
    write_image_rows(path, {name: images[shown] for name, images in rows.items()})
