"""What all kinds of probes have in common once they are trained."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class FittedProbe:
    """A trained probe of any kind, after the choice by validation.

    Attributes:
        predict: From embeddings [N, D] to what is predicted for them: float64 [seeds, N, K] in
            label units, or int64 [seeds, N] class ids.
        chosen: Per probe seed, what was chosen by validation, as JSON values.
        settings: What the probe was asked to do, as JSON values.
    """

    predict: Callable[[np.ndarray], np.ndarray]
    chosen: list[dict[str, Any]]
    settings: dict[str, Any]
