"""Numbers that describe embeddings [N, Z] without labels. Pure functions of arrays."""

import numpy as np

# A dimension that varies less than this share of the one that varies most is dead.
DEAD = 0.01
# A mean of a VAE's posterior that varies less than this over images is not in use (Burda et al.
# 2016, §5.2).
INACTIVE = 0.01


def covariance(embeddings: np.ndarray) -> np.ndarray:
    """Covariance over images, float64 [Z, Z].

    A dimension that is constant up to the rounding of float32 has covariance 0.
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
        covariance: [Z, Z]; the singular values of the centred embeddings are the roots of its
            eigenvalues, up to a factor that normalising removes.

    Returns:
        1, for embeddings on a line, to Z, for embeddings spread evenly over all directions; 0 if
        all embeddings are equal.
    """
    singular = np.sqrt(_eigenvalues(covariance))
    if not singular.any():
        return 0.0
    p = singular[singular > 0] / singular.sum()
    return float(np.exp(-np.sum(p * np.log(p))))


def participation_ratio(covariance: np.ndarray) -> float:
    """The squared sum of the eigenvalues over the sum of their squares.

    Like the effective rank, between 1 and Z, or 0 if all embeddings are equal; but directions count
    by their variance, so that weak ones hardly do.
    """
    eigenvalues = _eigenvalues(covariance)
    return float(eigenvalues.sum() ** 2 / np.sum(eigenvalues**2)) if eigenvalues.any() else 0.0


def spread(embeddings: np.ndarray) -> float:
    """Standard deviation of L2-normalised embeddings, mean over dimensions, times √Z (SimSiam,
    §4.1).

    Returns:
        0 if all embeddings point the same way: collapse. 1 if their directions are spread evenly.
    """
    norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
    units = np.divide(embeddings, norms, out=np.zeros_like(embeddings), where=norms > 0)
    return float(units.std(axis=0, dtype=np.float64).mean() * np.sqrt(embeddings.shape[1]))


def dead_share(covariance: np.ndarray) -> float:
    """Share of dimensions whose standard deviation is at most 1 % of the largest one; 0 to 1."""
    deviation = np.sqrt(np.diag(covariance))
    return float(np.mean(deviation <= DEAD * deviation.max()))


def active_units(covariance: np.ndarray) -> int:
    """How many dimensions of a VAE carry something: the variance of the posterior's mean is above
    0.01.

    From Burda, Grosse & Salakhutdinov 2016, §5.2. It means something beside a prior N(0, 1) only.
    """
    return int(np.sum(np.diag(covariance) > INACTIVE))


def kl_per_dimension(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """Divergence of a VAE's posterior from N(0, 1), mean over images, in nats: float64 [Z].

    Its mean over dimensions is the mean of `tfdeepsim.losses.kl_divergence`.

    Args:
        mean: [N, Z].
        log_variance: [N, Z], natural logarithm of σ².
    """
    mean, log_variance = np.asarray(mean, np.float64), np.asarray(log_variance, np.float64)
    return 0.5 * np.mean(mean**2 + np.exp(log_variance) - log_variance - 1.0, axis=0)


def _eigenvalues(covariance: np.ndarray) -> np.ndarray:
    """At least 0; what is mere rounding is 0."""
    values = np.linalg.eigvalsh(covariance)
    rounding = np.finfo(values.dtype).eps * len(values) * np.abs(values).max()
    return np.where(values > rounding, values, 0.0)
