"""Networks inverted and scored: by runs of `--task inversion`, or by optimisation without any
training."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rich.console
import rich.progress

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.chosen_images import chosen_images
from tfdeepsim.data.naming import dataset_name
from tfdeepsim.errors import InputError
from tfdeepsim.export import load_generator
from tfdeepsim.external.from_config import extractor_of
from tfdeepsim.inversion.features import Features
from tfdeepsim.inversion.generate import as_bytes
from tfdeepsim.inversion.optimization import Settings, invert_by_optimization
from tfdeepsim.inversion.score import InversionScore, score_inversion
from tfdeepsim.inversion.trained_inversion import TrainedInversion
from tfdeepsim.options import DataOptions
from tfdeepsim.report.figures.image_rows import write_image_rows
from tfdeepsim.report.inversion_table import InversionTable, print_inversions, write_inversions
from tfdeepsim.run import RunDirectory

TEST_IMAGES = 500
SHOWN = 10


def open_inversion(run: RunDirectory) -> TrainedInversion:
    """A run's generator beside the network that it inverts.

    Raises:
        InputError: If it is no finished run of `--task inversion`, or the network is not the one of
            its training.
    """
    config = inversion_config(run)
    extractor = extractor_of(config)
    trained = run.read_environment()["inverted"]
    if extractor.sha256 != trained["sha256"]:
        raise InputError(
            "an inversion goes with the network that it was trained on",
            got=f"{config.invert} with sha256 {extractor.sha256[:12]}",
            accepted=f"the one with sha256 {trained['sha256'][:12]}, see {run.environment}",
        )
    shape = run.read_environment()["dataset"]["image_shape"]
    return TrainedInversion(load_generator(run), extractor, shape, run.name)


def inversion_config(run: RunDirectory) -> TrainConfig:
    """The config of a run of `--task inversion`.

    Raises:
        InputError: If it is a run of another task.
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
    """A run's score on test images, and the images that it draws of their features."""
    config, inversion = inversion_config(run), open_inversion(run)
    found = inversion.reconstruct(targets)
    score = score_inversion(
        targets,
        found,
        inversion.features,
        inverted=str(config.invert),
        method=method,
        seed=config.seed,
    )
    return score, found


def optimize(
    config: TrainConfig, targets: np.ndarray, settings: Settings, console: rich.console.Console
) -> np.ndarray:
    """The images that eq. (8) finds from the features of some test images: uint8 [N, H, W, 3].

    Args:
        config: Says which network is inverted.
        targets: uint8 [N, H, W, 3].
        settings: Of the optimisation.
        console: Where progress is shown.
    """
    extractor = extractor_of(config)
    features = Features(extractor, targets.shape[1:])
    with rich.progress.Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"{config.invert} by optimization", total=None)
        images = invert_by_optimization(
            extractor,
            features(targets),
            targets.shape[1:],
            settings,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    return as_bytes(images).numpy()


def score_found(
    config: TrainConfig, targets: np.ndarray, found: np.ndarray, method: str, seed: int = 0
) -> InversionScore:
    """The score of images that were found without a run; arguments as of `optimize`."""
    features = Features(extractor_of(config), targets.shape[1:])
    return score_inversion(
        targets, found, features, inverted=str(config.invert), method=method, seed=seed
    )


def judge_runs(paths: Sequence[str], given: Mapping[str, Any], folder: Path | None) -> None:
    """Print the table of some runs of `--task inversion`, and write it and a picture into `folder`.

    Args:
        paths: Run directories.
        given: Fields of `DataOptions` that a user set; the others are those of the first run.
        folder: Where files are replaced; None to write nothing.

    Raises:
        InputError: If a run is none, or is of another image size, or two have the same name; also
            as `open_inversion`.
    """
    runs = [RunDirectory(path) for path in paths]
    shape = _check_comparable(runs)
    options = _data_of(inversion_config(runs[0]), shape, given)
    targets = chosen_images(options, TEST_IMAGES)
    results = {run.name: score_run(run, targets, run.name) for run in runs}
    _show(options.dataset, targets, results, folder)


def _data_of(config: TrainConfig, shape: tuple[int, ...], given: Mapping[str, Any]) -> DataOptions:
    if given.get("dataset", config.dataset) == config.dataset:
        return dataclasses.replace(config, **given)
    # Another dataset has other labels and splits, but must come in the size that the generators
    # make.
    return DataOptions(**{"data_dir": config.data_dir, "image_size": shape[0], **given})


def _check_comparable(runs: Sequence[RunDirectory]) -> tuple[int, ...]:
    """The image shape of some runs."""
    for run in runs:
        inversion_config(run)
    names = [run.name for run in runs]
    if again := [name for place, name in enumerate(names) if name in names[:place]]:
        raise InputError(
            "inversions are told apart by their names",
            got=f"{again[0]} more than once",
            accepted="run folders of different names",
        )
    shapes = [tuple(run.read_environment()["dataset"]["image_shape"]) for run in runs]
    if other := [place for place, shape in enumerate(shapes) if shape != shapes[0]]:
        raise InputError(
            "inversions in one table see images of one size",
            got=f"{names[0]} of {list(shapes[0])}, {names[other[0]]} of {list(shapes[other[0]])}",
            accepted="runs of one --image-size",
        )
    return shapes[0]


def judge_optimization(config: TrainConfig, settings: Settings, folder: Path | None) -> None:
    """Invert test images by optimisation; print and write as `judge_runs` does.

    Args:
        config: Dataset and network.
        settings: Of the optimisation.
        folder: Where files are replaced; None to write nothing.
    """
    targets = chosen_images(config, TEST_IMAGES)
    name = f"optimization, {settings.method}"
    found = optimize(config, targets, settings, rich.console.Console())
    results = {name: (score_found(config, targets, found, name, settings.seed), found)}
    _show(config.dataset, targets, results, folder)


def _show(
    dataset: str,
    targets: np.ndarray,
    results: Mapping[str, tuple[InversionScore, np.ndarray]],
    folder: Path | None,
) -> None:
    note = f"{len(targets)} test images of {dataset_name(dataset)}, whose distances are the unit of both errors."
    table = InversionTable([score for score, _ in results.values()], notes=[note])
    print_inversions(table)
    if folder is not None:
        write_inversions(folder, table)
        pictures = {"image": targets} | {name: found for name, (_, found) in results.items()}
        write_pictures(folder / "inversions.png", pictures)


def write_pictures(path: Path, rows: Mapping[str, np.ndarray]) -> None:
    """Write rows of images, spread evenly over the test images."""
    count = len(next(iter(rows.values())))
    shown = np.linspace(0, count - 1, min(count, SHOWN)).astype(int)
    write_image_rows(path, {name: images[shown] for name, images in rows.items()})
