"""Comparators that recipes teach themselves, where there are no weights from elsewhere."""

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.run import RunDirectory

VIDEOS = "llv2/40x15-stride10-seed0"
VIDEO_EPOCHS = 3


def taught_alexnet(
    run: RunDirectory,
    *,
    dataset: str,
    data_dir: str | None,
    epochs: int,
    image_size: int = 64,
    classes: str | None = None,
    dry_run: bool = False,
    console: rich.console.Console,
) -> str | None:
    """Train AlexNet, if it is not there yet; what `--comparator-weights` then takes.

    Args:
        run: Where it is, or goes.
        dataset: With labels.
        data_dir: Where datasets are.
        epochs: Over its training images.
        image_size: In pixels.
        classes: Those that it may see, with commas between them; None for all.
        dry_run: Show the cost and train nothing.
        console: Where the plan is shown.

    Returns:
        The run's path; None if it is not trained, in a dry run.
    """
    from tfdeepsim.study import ensure_trained

    console.rule("AlexNet, from the labels" + (f" of {classes}" if classes else ""))
    config = TrainConfig(
        task="comparator",
        comparator="alexnet",
        dataset=dataset,
        data_dir=data_dir,
        image_size=image_size,
        probe_classes=classes,
        batch_size=128,
        epochs=epochs,
    )
    ensure_trained(config, run, dry_run=dry_run, console=console)
    return str(run.path) if run.comparator.is_file() else None


def taught_videonet(
    run: RunDirectory, data_dir: str | None, dry_run: bool, console: rich.console.Console
) -> str | None:
    """Train VideoNet from LunarLander rollouts, if it is not there yet; arguments as of
    `taught_alexnet`."""
    from tfdeepsim.study import ensure_trained

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
