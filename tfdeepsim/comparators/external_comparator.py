"""Networks in `.keras` files as comparators: `external:FILE.keras:LAYER`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators.keras_file import read_keras_file
from tfdeepsim.comparators.model_comparator import ModelComparator
from tfdeepsim.comparators.weights.labels_seen import stated_labels
from tfdeepsim.comparators.weights.read_once import ReadOnce, digest_once
from tfdeepsim.options import INPUT_RANGES

_READ: ReadOnce[keras.Model] = ReadOnce(1)


def external_comparator(
    path: Path,
    layers: Sequence[str],
    *,
    comparator_range: str,
    saw_labels: str | None,
    **options: Any,
) -> ModelComparator:
    """Make a comparator of the network in a `.keras` file.

    Args:
        path: The file; nothing in it is run but Keras' own layers.
        layers: Names of layers of the network.
        comparator_range: Values of black and white that the network expects, a key of
            `INPUT_RANGES`.
        saw_labels: Dataset whose labels the network was trained with, `none`, or None if that is
            not known.
        **options: Arguments of `Comparator`.

    Raises:
        InputError: If the file is damaged or holds code, or as `Comparator.from_keras`.

    Example:
        >>> path = Path("backbone.keras")
        >>> external_comparator(path, ["stage2"], comparator_range="0-255", saw_labels=None)
    """
    return ModelComparator(
        _read(path),
        layers,
        value_range=INPUT_RANGES[comparator_range],
        source=f".keras file {path}",
        sha256=digest_once(path),
        saw_labels=stated_labels(saw_labels),
        name=path.stem,
        **options,
    )


def _read(path: Path) -> keras.Model:
    if tf.distribute.has_strategy():
        # A strategy decides on which devices variables are created.
        return read_keras_file(path)
    model = _READ.get(path, str(path))
    return _READ.put(path, read_keras_file(path), str(path)) if model is None else model
