"""Comparators that a recipe trains itself, if no weights are given."""

import contextlib

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.lock import locked
from tfdeepsim.run import RunDirectory
from tfdeepsim.study import ensure_trained
from tfdeepsim.training.tasks import check_data_of_dry_run

VIDEOS = "llv2/40x15-stride10-seed0"
VIDEO_EPOCHS = 3
ALEXNET_EPOCHS = 8
CONVOLUTIONS = "frozen"
"""Default of the convolutions under the fully connected layers that a recipe trains."""
_TRAINED = {
    "frozen": "fc6, fc7 and fc8 of AlexNet are",
    "finetuned": "AlexNet starts from ImageNet's convolutions and is",
    "random": "AlexNet is",
}


def trained_alexnet(
    run: RunDirectory,
    *,
    dataset: str,
    data_dir: str | None,
    image_size: int = 64,
    convolutions: str = CONVOLUTIONS,
    dry_run: bool = False,
    console: rich.console.Console,
) -> str | None:
    """Train the fully connected layers of AlexNet to classify images, unless that is done already.

    Args:
        run: Run directory of the training.
        dataset: Name of a dataset with labels.
        data_dir: Folder that holds datasets; None for that of TensorFlow Datasets.
        image_size: Height and width of images in pixels.
        convolutions: What is below these layers, as `TrainConfig.convolutions`.
        dry_run: Whether to print the cost and train nothing.
        console: Console that the cost and the progress are printed to.

    Returns:
        The path of the run, which `--comparator-weights` takes; None if it is not trained, after a
        dry run.
    """
    console.rule("AlexNet, from the labels")
    config = _alexnet_config(dataset, data_dir, image_size, convolutions)
    return _trained(config, run, dry_run, console)


def has_classes(dataset: str, data_dir: str | None, image_size: int, dry_run: bool = False) -> bool:
    """Whether a dataset has the classes that `trained_alexnet` needs; a missing one is created.

    Args:
        dataset, data_dir, image_size, dry_run: As of `trained_alexnet`.

    Raises:
        InputError: If the dataset cannot be opened, or is missing in a dry run.
    """
    config = _alexnet_config(dataset, data_dir, image_size, CONVOLUTIONS)
    data = LazyDataset(config)
    if dry_run:
        check_data_of_dry_run(config, data)
    return data.splits.dataset.task == "classification"


def _alexnet_config(
    dataset: str, data_dir: str | None, image_size: int, convolutions: str
) -> TrainConfig:
    return TrainConfig(
        task="comparator",
        comparator="alexnet",
        dataset=dataset,
        data_dir=data_dir,
        image_size=image_size,
        batch_size=128,
        epochs=ALEXNET_EPOCHS,
        convolutions=convolutions,
    )


def alexnet_departure(dataset: str, convolutions: str) -> str:
    """How the network that `trained_alexnet` trains differs from that of the papers, in words.

    Args:
        dataset, convolutions: As of `trained_alexnet`.
    """
    return (
        f"{_TRAINED[convolutions]} trained on the labels of {dataset} for {ALEXNET_EPOCHS} epochs, "
        "not on ImageNet"
    )


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
    return _trained(config, run, dry_run, console)


def _trained(
    config: TrainConfig, run: RunDirectory, dry_run: bool, console: rich.console.Console
) -> str | None:
    # Of several processes that share the work of a recipe, one trains, and the others wait.
    with contextlib.nullcontext() if dry_run else locked(run.path):
        ensure_trained(config, run, dry_run=dry_run, console=console)
    return str(run.path) if run.comparator.is_file() else None
