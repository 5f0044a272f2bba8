"""What an evaluation does beside embedding: its probes, baselines, decoders and cards.

This module loads neither TensorFlow nor NumPy, so that a command can make flags of the fields.
"""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfdeepsim.errors import InputError
from tfdeepsim.probes import PROBE_SETTINGS, check_probe_settings
from tfdeepsim.scores import BASELINES

if TYPE_CHECKING:
    from tfdeepsim.probes.mlp.suite import MlpSuite


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """Options of an evaluation.

    Attributes:
        probes: Kinds of probes to train; the first is the one in the figures.
        probe_seeds: Number of MLP probes of each architecture on an embedding.
        first_probe_seed: Seed of the first of them.
        probe_epochs: Maximum number of epochs of an MLP probe.
        probe_patience: Number of epochs without a lower validation loss after which an MLP probe
            stops.
        probe_settings: How MLP probes are trained: `standard` with cross-entropy, batches of 256
            and standardised embeddings and positions; `pihlgren` as the code of Pihlgren et al.,
            with MSE on one-hot vectors, batches of 512 and nothing standardised.
        label_fractions: Fractions of the labels for a label-efficiency curve, e.g. 0.01,0.1,1
            (default: no curve).
        baselines: Baselines in the table (default: all).
        decode: Number of steps that a decoder is trained for on each embedding; 0 for no decoder.
        card: Whether each embedding is described without labels, which is always done for a
            dataset without labels.
        external_range: Range of the floats that an external encoder takes: `0-1`, `0-255` or
            `-1-1`.

    Raises:
        InputError: If a number is out of range, or `probe_settings` is unknown.

    Example:
        >>> options = EvaluationOptions(probes=("mlp", "linear"), baselines=("pca",))
        >>> scores = compare_encoders(["runs/ae", "runs/vae"], {}, options)
    """

    probes: Sequence[str] = ("mlp",)
    probe_seeds: int = 5
    first_probe_seed: int = 0
    probe_epochs: int = 500
    probe_patience: int = 25
    probe_settings: str = "standard"
    label_fractions: Sequence[float] = ()
    baselines: Sequence[str] = tuple(BASELINES)
    decode: int = 0
    card: bool = False
    external_range: str = "0-1"

    def __post_init__(self) -> None:
        if not 0 <= self.decode < 2**31:
            raise InputError(
                "--decode takes a number of steps",
                got=self.decode,
                accepted="1 to 2147483647, or 0 for no decoder",
            )
        check_probe_settings(self.probe_settings)
        # Refuses numbers that are out of range before anything is embedded.
        _ = self.suite

    @property
    def suite(self) -> "MlpSuite":
        """The suite of MLP probes."""
        from tfdeepsim.probes.mlp.suite import MlpSuite

        return MlpSuite(
            seeds=self.probe_seeds,
            epochs=self.probe_epochs,
            patience=self.probe_patience,
            first_seed=self.first_probe_seed,
            **PROBE_SETTINGS[self.probe_settings],
        )

    def of_seed(self, number: int) -> "EvaluationOptions":
        """Options for one encoder of several that differ in their seed.

        Each encoder has probe seeds of its own, so that an interval over encoders also covers the
        probe seeds. Only the first encoder has a label-efficiency curve.

        Args:
            number: Number of the encoder, from 0.
        """
        return dataclasses.replace(
            self,
            first_probe_seed=number * self.probe_seeds,
            label_fractions=() if number else self.label_fractions,
        )
