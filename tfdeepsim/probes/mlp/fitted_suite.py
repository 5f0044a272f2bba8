"""A trained suite: what it chose, and what that predicts."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.probes.data.splits import check_embeddings
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.probes.mlp.heads import Head
from tfdeepsim.probes.mlp.mlp_probe import MlpProbe
from tfdeepsim.probes.mlp.perceptron import forward


class FittedSuite:
    """A trained suite.

    Args:
        members: Every member at its best.
        standardizer: Applied to embeddings; None where they are taken as they are.
        head: Reads the outputs.

    Attributes:
        members: As given.
        chosen: Per seed, in rising order, the member of lowest validation loss.

    Raises:
        InputError: If all members of a seed diverged.
    """

    def __init__(self, members: Sequence[MlpProbe], standardizer: Standardizer | None, head: Head):
        self.members = list(members)
        self._standardizer = standardizer
        self._head = head
        self.chosen = [self._best(seed) for seed in sorted({member.seed for member in members})]

    def predict(self, embeddings: Any) -> np.ndarray:
        """Predictions of the chosen member of each seed.

        Args:
            embeddings: [N, D].

        Returns:
            float64 [seeds, N, K] in label units, or int64 [seeds, N] class ids.

        Raises:
            InputError: If the embeddings are not finite numbers of the width trained on.
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
        outputs = [forward(member.parameters[None], member.widths, x)[0] for member in self.chosen]
        return self._head.decode(np.stack(outputs))

    def _best(self, seed: int) -> MlpProbe:
        best = min(
            (member for member in self.members if member.seed == seed),
            key=lambda member: member.validation_loss,
        )
        if not math.isfinite(best.validation_loss):
            raise InputError(
                "a probe must reach a finite validation loss",
                got=f"NaN or infinity in every member of seed {seed}",
                accepted="a smaller learning_rate, or embeddings and labels of smaller range",
            )
        return best
