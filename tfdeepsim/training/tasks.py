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
    """Build the task that `config` names.

    Args:
        config, data: As `Task` takes them.

    Raises:
        InputError: If the data are not suited to the task.
    """
    return TASKS[config.task](config, data)


def check_data_of_dry_run(config: TrainConfig, data: LazyDataset) -> None:
    """Refuse a dry run that would have to create its dataset first.

    Args:
        config, data: As `Task` takes them.

    Raises:
        InputError: If the plan of the task depends on images, and the dataset does not exist.
    """
    if config.task != "autoencoder" and not data.description.ready:
        raise InputError(
            f"a dry run of --task {config.task} needs its data",
            got=f"{config.dataset}, which does not exist yet",
            accepted=f"no --dry-run, or first python -m tfdeepsim.data {config.dataset}",
        )
