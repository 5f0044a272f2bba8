"""Principal component analysis, of pixels or of any other features."""

from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA

from tfdeepsim.batches import over_batches
from tfdeepsim.data.dataset import Splits
from tfdeepsim.pixels import to_floats
from tfdeepsim.representations.baseline import Baseline, Fitted, fitting_rows
from tfdeepsim.representations.representation import Encode


class Pca(Baseline):
    """PCA of pixels in [0, 1], fitted to at most 5,000 images of `encoder_train`.

    Args:
        parent: Folder in which the baseline's own folder is created.
        latent_dim: Number of components; fewer if the images vary along fewer axes.
        seed: Seed of the choice of images and of the randomized solver.

    Example:
        >>> baseline = Pca(Path("runs/baselines"), latent_dim=64, seed=0)
        >>> embeddings = embeddings_of(baseline, "stl10", splits, ["test"])
    """

    def __init__(self, parent: Path, latent_dim: int, seed: int):
        super().__init__("pca", parent, {"latent_dim": latent_dim, "seed": seed})

    def fit(self, splits: Splits) -> Fitted:
        images = splits["encoder_train"].images
        rows = fitting_rows(images, self.settings["seed"], int(np.prod(images.shape[1:])))
        fitting_pixels = over_batches(pixels, images, rows=rows)
        return Fitted(fit_pca(fitting_pixels, self.settings["latent_dim"], self.settings["seed"]))

    def encoder_of(self, fitted: list[np.ndarray], image_shape: tuple[int, int, int]) -> Encode:
        return lambda images: project(pixels(images), fitted)


def pixels(images: np.ndarray) -> np.ndarray:
    """uint8 images [n, H, W, C] as float32 rows [n, H·W·C] in [0, 1]."""
    return to_floats(images).reshape(len(images), -1)


def fit_pca(rows: np.ndarray, components: int, seed: int) -> list[np.ndarray]:
    """Fit a PCA with a randomized solver.

    Args:
        rows: Float rows [N, D] to fit to; overwritten.
        components: Number of components Z; fewer if N - 1 or D is less, or if the rows vary along
            fewer axes.
        seed: Seed of the solver.

    Returns:
        The mean [D] and the principal axes [Z, D], float32.
    """
    count = max(1, min(components, len(rows) - 1, rows.shape[1]))
    pca = PCA(count, svd_solver="randomized", random_state=seed, copy=False)
    # scikit-learn also computes shares of the total variance, which may be 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        pca.fit(rows)
    variance = pca.explained_variance_
    varying = max(1, int(np.sum(variance > 1e-9 * variance[0])))
    return [pca.mean_.astype(np.float32), pca.components_[:varying].astype(np.float32)]


def project(rows: np.ndarray, fitted: list[np.ndarray]) -> np.ndarray:
    """Coordinates of rows along principal axes.

    Args:
        rows: float32 [n, D].
        fitted: Mean and axes that `fit_pca` returned.

    Returns:
        float32 [n, Z].
    """
    mean, axes = fitted
    return (rows - mean) @ axes.T
