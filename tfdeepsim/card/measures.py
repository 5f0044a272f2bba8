"""Numbers that describe embeddings [N, Z] without labels, as functions of arrays."""

import numpy as np

DEAD = 0.01
"""A dimension is dead if its standard deviation is at most this share of the largest one."""
INACTIVE = 0.01
"""A dimension of a VAE is active if the variance of its mean is above this."""


def covariance(embeddings: np.ndarray) -> np.ndarray:
    """Covariance over images, float64 [Z, Z].

    A dimension that is constant up to the rounding of float32 has covariance 0.

    Args:
        embeddings: Embeddings of N images, [N, Z].
    """
    values = np.asarray(embeddings, np.float64)
    centered = values - values.mean(axis=0)
    rounding = np.finfo(np.float32).eps * np.abs(values).max(axis=0)
    centered[:, centered.std(axis=0) <= rounding] = 0
    return centered.T @ centered / len(values)


def effective_rank(covariance: np.ndarray) -> float:
    """The exponential of the entropy of the normalised singular values (Roy & Vetterli 2007, eqs.
    1–3).

    Args:
        covariance: Covariance of the embeddings, [Z, Z]. The singular values of the centred
            embeddings are the square roots of its eigenvalues, up to a factor that the
            normalisation removes.

    Returns:
        1 for embeddings on a line, up to Z for embeddings that spread evenly in all directions; 0
        if all embeddings are equal.
    """
    singular = np.sqrt(_eigenvalues(covariance))
    if not singular.any():
        return 0.0
    p = singular[singular > 0] / singular.sum()
    return float(np.exp(-np.sum(p * np.log(p))))


def participation_ratio(covariance: np.ndarray) -> float:
    """The squared sum of the eigenvalues divided by the sum of their squares.

    Like the effective rank it is between 1 and Z, or 0 if all embeddings are equal. Each direction
    is weighted by its variance, so that weak directions hardly count.

    Args:
        covariance: Covariance of the embeddings, [Z, Z].
    """
    eigenvalues = _eigenvalues(covariance)
    return float(eigenvalues.sum() ** 2 / np.sum(eigenvalues**2)) if eigenvalues.any() else 0.0


def spread(embeddings: np.ndarray) -> float:
    """Standard deviation of the L2-normalised embeddings, mean over dimensions, times √Z.

    From Chen & He 2021 (SimSiam), §4.1.

    Args:
        embeddings: Embeddings of N images, float [N, Z].

    Returns:
        0 if all embeddings point in the same direction (collapse), 1 if they point evenly in all
        directions.
    """
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    units = np.divide(embeddings, norms, out=np.zeros_like(embeddings), where=norms > 0)
    return float(units.std(axis=0, dtype=np.float64).mean() * np.sqrt(embeddings.shape[1]))


def dead_share(covariance: np.ndarray) -> float:
    """Share of dimensions, 0 to 1, whose standard deviation is at most 1 % of the largest one."""
    deviation = np.sqrt(np.diag(covariance))
    return float(np.mean(deviation <= DEAD * deviation.max()))


def active_units(covariance: np.ndarray) -> int:
    """Number of dimensions of a VAE whose posterior means have a variance above 0.01.

    From Burda, Grosse & Salakhutdinov 2016, §5.2. The threshold assumes a prior N(0, 1).

    Args:
        covariance: Covariance of the posterior means over images, [Z, Z].
    """
    return int(np.sum(np.diag(covariance) > INACTIVE))


def kl_per_dimension(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """Divergence of a VAE's posterior from N(0, 1) in nats, mean over images: float64 [Z].

    Its mean over dimensions is the mean of `tfdeepsim.losses.kl_divergence`.

    Args:
        mean: Means of the posteriors, [N, Z].
        log_variance: Natural logarithms of the variances σ² of the posteriors, [N, Z].
    """
    mean, log_variance = np.asarray(mean, np.float64), np.asarray(log_variance, np.float64)
    return 0.5 * np.mean(mean**2 + np.exp(log_variance) - log_variance - 1.0, axis=0)


def _eigenvalues(covariance: np.ndarray) -> np.ndarray:
    """Eigenvalues; those that are negative or within the rounding error are 0."""
    values = np.linalg.eigvalsh(covariance)
    rounding = np.finfo(values.dtype).eps * len(values) * np.abs(values).max()
    return np.where(values > rounding, values, 0.0)
