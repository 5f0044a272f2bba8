"""A trained suite: the MLPs chosen by validation, and their predictions."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.probes.data.splits import check_embeddings
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.probes.mlp.heads import Head
from tfdeepsim.probes.mlp.perceptron import forward
from tfdeepsim.probes.mlp.probe import MlpProbe


class FittedSuite:
    """A trained suite.

    Args:
        probes: All MLPs, each with its weights of lowest validation loss.
        standardizer: Standardizer of the embeddings; None if they are not standardised.
        head: Head that turns outputs into predicted labels.

    Attributes:
        probes: All MLPs.
        chosen: The MLP of lowest validation loss of each seed, by rising seed.

    Raises:
        InputError: If all MLPs of a seed diverged.

    Example:
        >>> fitted = MlpSuite(seeds=2).fit((train_z, train_y), (validation_z, validation_y))
        >>> predictions = fitted.predict(test_z)  # [2, N, K]
    """

    def __init__(self, probes: Sequence[MlpProbe], standardizer: Standardizer | None, head: Head):
        self.probes = list(probes)
        self._standardizer = standardizer
        self._head = head
        self.chosen = [self._best(seed) for seed in sorted({probe.seed for probe in probes})]

    def predict(self, embeddings: Any) -> np.ndarray:
        """Predict with the chosen MLP of each seed.

        Args:
            embeddings: Embeddings [N, D] of any real dtype.

        Returns:
            float64 [seeds, N, K] in label units, or int64 [seeds, N] class ids.

        Raises:
            InputError: If the embeddings are not finite, or not as wide as those trained on.
        """
        x = check_embeddings("embeddings", embeddings)
        width = self.chosen[0].widths[0]
        if x.shape[1] != width:
            raise InputError(
                "embeddings must be as wide as those trained on",
                got=f"{x.shape[1]} columns",
                accepted=f"{width} columns",
            )
        if self._standardizer is not None:
            x = self._standardizer.apply(x)
        outputs = [forward(probe.parameters[None], probe.widths, x)[0] for probe in self.chosen]
        return self._head.decode(np.stack(outputs))

    def _best(self, seed: int) -> MlpProbe:
        best = min(
            (probe for probe in self.probes if probe.seed == seed),
            key=lambda probe: probe.validation_loss,
        )
        if not math.isfinite(best.validation_loss):
            raise InputError(
                "a probe must reach a finite validation loss",
                got=f"NaN or infinity in every MLP of seed {seed}",
                accepted="a smaller learning_rate, or embeddings and labels of smaller range",
            )
        return best
