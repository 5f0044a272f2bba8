"""Some images of a dataset, the same ones for everything that is measured or shown on them."""

import numpy as np

from tfdeepsim.data import open_dataset
from tfdeepsim.data.dataset import Splits
from tfdeepsim.options import DataOptions


def chosen_images(options: DataOptions, count: int, split: str = "test") -> np.ndarray:
    """Images drawn at random from all of a split, always the same ones.

    Args:
        options: The dataset, and the size of its images.
        count: How many images to draw; all are taken if the split has fewer.
        split: Name of the split.

    Returns:
        uint8 [count, H, W, 3], in the order of the split.
    """
    images = Splits(open_dataset(options.dataset, options.data_dir, options))[split].images
    rows = np.random.default_rng(0).permutation(len(images))[:count]
    return np.asarray(images[np.sort(rows)])
