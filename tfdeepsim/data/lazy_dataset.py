"""A dataset that is described and opened only when that is needed, and only once."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from tfdeepsim.data import describe, open_dataset
from tfdeepsim.options import DataOptions

if TYPE_CHECKING:
    from tfdeepsim.data.dataset import Description, Splits


class LazyDataset:
    """A dataset that several checks and runs share.

    Args:
        options: Options of the dataset, or a config that contains them.

    Attributes:
        options: Options of the dataset alone.

    Example:
        >>> data = LazyDataset(DataOptions(dataset="llv2/quickstart"))
        >>> data.description.image_shape
        (64, 64, 3)
    """

    def __init__(self, options: DataOptions):
        fields = dataclasses.fields(DataOptions)
        self.options = DataOptions(**{field.name: getattr(options, field.name) for field in fields})

    @property
    def description(self) -> Description:
        """What is known of the dataset; it is not opened for this.

        Raises:
            InputError: If the options name no dataset, or its files are damaged.
        """
        if "splits" not in vars(self):
            return self._description
        dataset = self.splits.dataset
        return dataclasses.replace(
            self._description,
            splits=dataset.splits,
            ready=True,
            bytes_needed=0,
            seconds_needed=0.0,
        )

    @functools.cached_property
    def _description(self) -> Description:
        return describe(self.options.dataset, self.options.data_dir, self.options)

    @functools.cached_property
    def splits(self) -> Splits:
        """The splits of the dataset, which is opened at the first use, and created before if it is
        missing.

        Raises:
            InputError: If the dataset cannot be opened or created.
        """
        from tfdeepsim.data.dataset import Splits

        dataset = open_dataset(self.options.dataset, self.options.data_dir, self.options)
        return Splits(dataset, self.options.cache)
