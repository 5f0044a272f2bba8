"""Some test images of a dataset, the same ones for everything that is measured or shown on them."""

import numpy as np

from tfdeepsim.data import open_dataset
from tfdeepsim.data.dataset import Splits
from tfdeepsim.options import DataOptions


def chosen_images(options: DataOptions, count: int) -> np.ndarray:
    """Some test images, always the same ones: uint8 [count, H, W, 3], fewer if the dataset has
    fewer."""
    images = Splits(open_dataset(options.dataset, options.data_dir, options))["test"].images
    chosen = np.random.default_rng(0).permutation(len(images))[:count]
    return np.asarray(images[np.sort(chosen)])
