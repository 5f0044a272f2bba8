"""Tasks by name."""

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.errors import InputError
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.comparator_task import ComparatorTask
from tfdeepsim.training.inversion_task import InversionTask
from tfdeepsim.training.task import Task

TASKS: dict[str, type[Task]] = {
    "autoencoder": AutoencoderTask,
    "inversion": InversionTask,
    "comparator": ComparatorTask,
}


def make_task(config: TrainConfig, data: LazyDataset | None = None) -> Task:
    """The task that `config` names; arguments as of `Task`.

    Raises:
        InputError: If its data do not allow it.
    """
    return TASKS[config.task](config, data)


def check_made(config: TrainConfig, data: LazyDataset) -> None:
    """Refuse a dry run that would have to make its data first; arguments as of `Task`.

    Raises:
        InputError: If an image must be seen to plan the training, and the data are not there.
    """
    if config.task != "autoencoder" and not data.description.made:
        raise InputError(
            f"a dry run of --task {config.task} needs its data",
            got=f"{config.dataset}, which is not made yet",
            accepted=f"python -m tfdeepsim.data {config.dataset}, which makes it, or no --dry-run",
        )
