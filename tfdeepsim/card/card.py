"""The card: all numbers that describe one set of embeddings."""

import dataclasses
import json
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
from tfdeepsim.probes.data.splits import check_embeddings

FILE = "card.json"


@dataclasses.dataclass(frozen=True)
class Card:
    """What one set of embeddings is like; `tfdeepsim.card.measures` says how each number is
    defined.

    Attributes:
        examples: How many images were embedded.
        dimensions: Size of an embedding, Z.
        mean_norm: Mean Euclidean length of an embedding.
        effective_rank: 0 to Z.
        participation_ratio: 0 to Z.
        spread: 0, collapsed, to 1, spread evenly.
        dead_share: Share of dimensions that hardly vary, 0 to 1.
        active_units: How many dimensions of a VAE carry something; None for other encoders.
        kl_per_dimension: Of a VAE, Z numbers in nats; None for other encoders.
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
        """Divergence of a VAE's posterior from its prior in nats an image, summed over
        dimensions."""
        return None if self.kl_per_dimension is None else math.fsum(self.kl_per_dimension)

    def to_dict(self) -> dict[str, Any]:
        """All numbers as JSON values."""
        kl = None if self.kl_per_dimension is None else list(self.kl_per_dimension)
        return dataclasses.asdict(self) | {"kl": self.kl, "kl_per_dimension": kl}


def make_card(embeddings: np.ndarray, log_variance: np.ndarray | None = None) -> Card:
    """Describe embeddings.

    Args:
        embeddings: Finite numbers [N, Z], N at least 2; of a VAE the means of the posteriors.
        log_variance: Of a VAE the logarithms of the posteriors' σ², [N, Z]; None for other
            encoders.

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
    """The card that `write_card` wrote.

    Raises:
        InputError: If there is none, or it is damaged.
    """
    path = Path(folder, FILE)
    try:
        record = json.loads(path.read_text())
        record.pop("kl")
        if record["kl_per_dimension"] is not None:
            record["kl_per_dimension"] = tuple(map(float, record["kl_per_dimension"]))
        return Card(**record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "an embedding card must be readable",
            got=f"{path} ({error})",
            accepted="a folder that evaluate.py --card wrote; run it again",
        ) from error
