"""The embedding card: all numbers that describe one set of embeddings."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from tfdeepsim.card.measures import (
    active_units,
    covariance,
    dead_share,
    effective_rank,
    kl_per_dimension,
    participation_ratio,
    spread,
)
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json
from tfdeepsim.probes.data.splits import check_embeddings

FILE = "card.json"


@dataclasses.dataclass(frozen=True)
class Card:
    """Numbers that describe one set of embeddings; `tfdeepsim.card.measures` defines them.

    Attributes:
        examples: Number of embedded images.
        dimensions: Number of dimensions of an embedding, Z.
        mean_norm: Mean Euclidean length of an embedding.
        effective_rank: Number of directions in use by their singular values, 0 to Z.
        participation_ratio: Number of directions in use by their variances, 0 to Z.
        spread: How evenly the embeddings point in all directions, from 0 (collapsed) to 1.
        dead_share: Share of dimensions that hardly vary, 0 to 1.
        active_units: Number of dimensions of a VAE that vary with the image; None for other
            encoders.
        kl_per_dimension: Divergence of a VAE's posterior from its prior in nats, one number for
            each dimension; None for other encoders.

    Example:
        >>> card = make_card(embeddings)
        >>> card.effective_rank, card.dead_share
    """

    examples: int
    dimensions: int
    mean_norm: float
    effective_rank: float
    participation_ratio: float
    spread: float
    dead_share: float
    active_units: int | None = None
    kl_per_dimension: tuple[float, ...] | None = None

    @property
    def kl(self) -> float | None:
        """Divergence of a VAE's posterior from its prior in nats per image, summed over
        dimensions; None for other encoders."""
        return None if self.kl_per_dimension is None else math.fsum(self.kl_per_dimension)

    def to_dict(self) -> dict[str, Any]:
        """All numbers, as JSON values."""
        kl = None if self.kl_per_dimension is None else list(self.kl_per_dimension)
        return dataclasses.asdict(self) | {"kl": self.kl, "kl_per_dimension": kl}


def make_card(embeddings: np.ndarray, log_variance: np.ndarray | None = None) -> Card:
    """Describe embeddings.

    Args:
        embeddings: Embeddings of N images, finite numbers [N, Z], N at least 2; for a VAE the means
            of the posteriors.
        log_variance: Natural logarithms of the variances of a VAE's posteriors, [N, Z]; None for
            other encoders.

    Raises:
        InputError: If an array is not as above.
    """
    z = check_embeddings("embeddings of a card", embeddings).astype(np.float64)
    if len(z) < 2:
        raise InputError(
            "a card needs several embeddings", got="one", accepted="two images or more"
        )
    moments = covariance(z)
    card = Card(
        examples=len(z),
        dimensions=z.shape[1],
        mean_norm=float(np.linalg.norm(z, axis=1).mean()),
        effective_rank=effective_rank(moments),
        participation_ratio=participation_ratio(moments),
        spread=spread(z),
        dead_share=dead_share(moments),
    )
    if log_variance is None:
        return card
    log_variance = check_embeddings("log variances of a card", log_variance)
    if log_variance.shape != z.shape:
        raise InputError(
            "log variances must belong to the embeddings",
            got=f"shape {log_variance.shape}",
            accepted=z.shape,
        )
    kl = tuple(kl_per_dimension(z, log_variance).tolist())
    return dataclasses.replace(card, active_units=active_units(moments), kl_per_dimension=kl)


def read_card(folder: Path) -> Card:
    """Read the card that `write_card` wrote.

    Args:
        folder: Folder of the card.

    Raises:
        InputError: If there is no card, or it is damaged.
    """
    path = Path(folder, FILE)
    rule = "an embedding card must be readable"
    accepted = "a folder that evaluate.py --card wrote; run it again"
    record = read_json(path, rule, accepted)
    try:
        record.pop("kl")
        if record["kl_per_dimension"] is not None:
            record["kl_per_dimension"] = tuple(map(float, record["kl_per_dimension"]))
        return Card(**record)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(rule, got=f"{path} ({error})", accepted=accepted) from error
