"""The baselines of a table: what its other rows are compared with."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tfdeepsim.config import TrainConfig
from tfdeepsim.contenders.comparator_features import ComparatorFeatures
from tfdeepsim.contenders.contender import Contender
from tfdeepsim.contenders.pca import Pca
from tfdeepsim.contenders.random_encoder import RandomEncoder
from tfdeepsim.contenders.supervised import Supervised
from tfdeepsim.data.dataset import Dataset
from tfdeepsim.errors import InputError


def baselines(
    names: Sequence[str],
    *,
    parent: Path,
    latent_dim: int,
    compared: TrainConfig,
    seed: int,
    epochs: int,
    batch_size: int,
) -> list[Contender]:
    """Baselines by name; nothing is computed yet.

    Args:
        names: Some of `BASELINE_NAMES`.
        parent: Where a folder for each is made.
        latent_dim: Size of their embeddings.
        compared: The config whose comparator counts; without one where the table has none.
        seed: Of all that is random.
        epochs: Of the supervised encoder, at most.
        batch_size: Of the supervised encoder.
    """
    make: dict[str, Callable[[], Contender]] = {
        "pca": lambda: Pca(parent, latent_dim, seed),
        "random_encoder": lambda: RandomEncoder(parent, latent_dim, seed),
        "comparator_features": lambda: ComparatorFeatures(parent, latent_dim, seed, compared),
        "supervised": lambda: Supervised(parent, latent_dim, seed, epochs, batch_size),
    }
    return [make[name]() for name in names]


def usable(contenders: Sequence[Contender], dataset: Dataset) -> tuple[list[Contender], list[str]]:
    """Those that can stand in a table of `dataset`, and a sentence on each that cannot."""
    able: list[Contender] = []
    left_out = []
    for contender in contenders:
        try:
            contender.check(dataset)
        except InputError as error:
            left_out.append(f"baseline {contender.name} left out: {error.rule}: got {error.got}")
        else:
            able.append(contender)
    return able, left_out
