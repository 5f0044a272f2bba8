"""The common form of all kinds of trained probes."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class FittedProbe:
    """A trained probe of any kind, after the choice by validation.

    Attributes:
        predict: Function from embeddings [N, D] to predictions: float64 [seeds, N, K] in label
            units, or int64 [seeds, N] class ids.
        chosen: Settings and validation score of the chosen candidate of each probe seed, as JSON
            values.
        settings: Settings that all candidates share, as JSON values.

    Example:
        >>> fitted = fit_probe("linear", train, validation, "classification")
        >>> [class_ids] = fitted.predict(test_embeddings)
    """

    predict: Callable[[np.ndarray], np.ndarray]
    chosen: list[dict[str, Any]]
    settings: dict[str, Any]
