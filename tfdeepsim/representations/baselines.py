"""The baselines of a table: what its other rows are compared with."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.dataset import Dataset
from tfdeepsim.errors import InputError
from tfdeepsim.representations.comparator_features import ComparatorFeatures
from tfdeepsim.representations.pca import Pca
from tfdeepsim.representations.random_encoder import RandomEncoder
from tfdeepsim.representations.representation import Representation
from tfdeepsim.representations.supervised_encoder import SupervisedEncoder


def baselines(
    names: Sequence[str],
    *,
    parent: Path,
    latent_dim: int,
    compared: TrainConfig,
    seed: int,
    epochs: int,
    batch_size: int,
) -> list[Representation]:
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
    make: dict[str, Callable[[], Representation]] = {
        "pca": lambda: Pca(parent, latent_dim, seed),
        "random_encoder": lambda: RandomEncoder(parent, latent_dim, seed),
        "comparator_features": lambda: ComparatorFeatures(parent, latent_dim, seed, compared),
        "supervised": lambda: SupervisedEncoder(parent, latent_dim, seed, epochs, batch_size),
    }
    return [make[name]() for name in names]


def usable(
    representations: Sequence[Representation], dataset: Dataset
) -> tuple[list[Representation], list[str]]:
    """Those that can stand in a table of `dataset`, and a sentence on each that cannot."""
    able: list[Representation] = []
    left_out = []
    for representation in representations:
        try:
            representation.check(dataset)
        except InputError as error:
            left_out.append(
                f"baseline {representation.name} left out: {error.rule}: got {error.got}"
            )
        else:
            able.append(representation)
    return able, left_out
