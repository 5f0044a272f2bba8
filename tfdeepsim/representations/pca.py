"""Principal components, of pixels or of any other features."""

from pathlib import Path

import numpy as np

from tfdeepsim.data.dataset import Splits
from tfdeepsim.representations.baseline import Baseline, in_blocks, some_rows
from tfdeepsim.representations.representation import Encode


class Pca(Baseline):
    """PCA of pixels in [0, 1], fitted to at most 5,000 images of `encoder_train`.

    Args:
        parent: Where its folder is made.
        latent_dim: Components; fewer where the images have fewer.
        seed: Of the images and of the randomized solver.
    """

    def __init__(self, parent: Path, latent_dim: int, seed: int):
        super().__init__("pca", parent, {"latent_dim": latent_dim, "seed": seed})

    def fit(self, splits: Splits) -> list[np.ndarray]:
        images = splits["encoder_train"].images
        rows = some_rows(images, self.settings["seed"], int(np.prod(images.shape[1:])))
        return fit_pca(
            in_blocks(pixels, images, rows), self.settings["latent_dim"], self.settings["seed"]
        )

    def encoder_of(self, fitted: list[np.ndarray], image_shape: tuple[int, int, int]) -> Encode:
        return lambda images: project(pixels(images), fitted)


def pixels(images: np.ndarray) -> np.ndarray:
    """uint8 images [n, H, W, C] as float32 rows [n, H·W·C] in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


def fit_pca(rows: np.ndarray, components: int, seed: int) -> list[np.ndarray]:
    """Mean [D] and principal axes [Z, D] of rows [N, D], float32.

    Args:
        rows: What to fit to; is overwritten.
        components: Z; fewer if N - 1 or D is less, or if the rows vary along fewer axes.
        seed: Of the randomized solver.
    """
    from sklearn.decomposition import PCA

    count = max(1, min(components, len(rows) - 1, rows.shape[1]))
    pca = PCA(count, svd_solver="randomized", random_state=seed, copy=False)
    with np.errstate(divide="ignore", invalid="ignore"):  # shares of a variance that may be 0
        pca.fit(rows)
    variance = pca.explained_variance_
    varying = max(1, int(np.sum(variance > 1e-9 * variance[0])))
    return [pca.mean_.astype(np.float32), pca.components_[:varying].astype(np.float32)]


def project(rows: np.ndarray, fitted: list[np.ndarray]) -> np.ndarray:
    """Rows [n, D] on the axes that `fit_pca` gave: float32 [n, Z]."""
    mean, axes = fitted
    return (rows - mean) @ axes.T
