"""Comparators that a recipe trains itself, if no weights are given."""

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.run import RunDirectory
from tfdeepsim.study import ensure_trained

VIDEOS = "llv2/40x15-stride10-seed0"
VIDEO_EPOCHS = 3


def trained_alexnet(
    run: RunDirectory,
    *,
    dataset: str,
    data_dir: str | None,
    epochs: int,
    image_size: int = 64,
    dry_run: bool = False,
    console: rich.console.Console,
) -> str | None:
    """Train AlexNet to classify images, unless that is done already.

    Args:
        run: Run directory of the training.
        dataset: Name of a dataset with labels.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        epochs: Number of passes over the training images.
        image_size: Height and width of images in pixels.
        dry_run: Whether to print the cost and train nothing.
        console: Console that the cost and the progress are printed to.

    Returns:
        The path of the run, which `--comparator-weights` takes; None if it is not trained, after a
        dry run.
    """
    console.rule("AlexNet, from the labels")
    config = TrainConfig(
        task="comparator",
        comparator="alexnet",
        dataset=dataset,
        data_dir=data_dir,
        image_size=image_size,
        batch_size=128,
        epochs=epochs,
    )
    ensure_trained(config, run, dry_run=dry_run, console=console)
    return str(run.path) if run.comparator.is_file() else None


def trained_videonet(
    run: RunDirectory, data_dir: str | None, dry_run: bool, console: rich.console.Console
) -> str | None:
    """Train VideoNet on LunarLander rollouts, unless that is done already; arguments and result as
    of `trained_alexnet`."""
    console.rule("VideoNet, from LunarLander rollouts")
    config = TrainConfig(
        task="comparator",
        comparator="videonet",
        dataset=VIDEOS,
        data_dir=data_dir,
        epochs=VIDEO_EPOCHS,
    )
    ensure_trained(config, run, dry_run=dry_run, console=console)
    return str(run.path) if run.comparator.is_file() else None
