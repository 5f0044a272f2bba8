"""The baselines of a table: rows that its other rows are compared with."""

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
    comparator_config: TrainConfig,
    seed: int,
    epochs: int,
    batch_size: int,
) -> list[Representation]:
    """Baselines by name; nothing is computed yet.

    Args:
        names: Some of `BASELINE_NAMES`.
        parent: Folder in which a folder for each baseline is created.
        latent_dim: Size of the embeddings.
        comparator_config: Config of a run whose comparator the baseline `comparator_features` uses;
            a config without a comparator if the table has none.
        seed: Seed of everything that is random.
        epochs: Maximum number of epochs of the supervised encoder.
        batch_size: Batch size of the supervised encoder.
    """
    create: dict[str, Callable[[], Representation]] = {
        "pca": lambda: Pca(parent, latent_dim, seed),
        "random_encoder": lambda: RandomEncoder(parent, latent_dim, seed),
        "comparator_features": lambda: ComparatorFeatures(
            parent, latent_dim, seed, comparator_config
        ),
        "supervised": lambda: SupervisedEncoder(parent, latent_dim, seed, epochs, batch_size),
    }
    return [create[name]() for name in names]


def usable(
    representations: Sequence[Representation], dataset: Dataset
) -> tuple[list[Representation], list[str]]:
    """Baselines that can embed the images of a dataset.

    Args:
        representations: The baselines.
        dataset: The dataset.

    Returns:
        The usable ones, and a sentence for each of the others that says why it is left out.
    """
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
