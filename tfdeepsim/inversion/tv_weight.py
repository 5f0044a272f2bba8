"""The weight of the total variation in an inversion by optimization, chosen on validation images.

Dosovitskiy & Brox 2016 give no weight for the prior of their eq. (8).
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.normalized_error import normalized_error
from tfdeepsim.inversion.features import Features
from tfdeepsim.inversion.optimization import invert_by_optimization
from tfdeepsim.inversion.optimization_settings import OptimizationSettings
from tfdeepsim.pixels import to_bytes
from tfdeepsim.tables import Cell, Table

TV_WEIGHTS = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""Weights that are tried."""
VALIDATION_IMAGES = 16
"""Validation images that a weight is chosen on, at most."""
RULE = "lowest sum of image error and feature error"


@dataclasses.dataclass(frozen=True)
class Trial:
    """Errors of one weight.

    Attributes:
        weight: Weight of the total variation.
        image_error: Normalized Euclidean error of the images, as a fraction.
        feature_error: The same error of the features of the reconstructions.

    Example:
        >>> Trial(100.0, image_error=0.7, feature_error=0.25).total
        0.95
    """

    weight: float
    image_error: float
    feature_error: float

    @property
    def total(self) -> float:
        """Sum of both errors."""
        return self.image_error + self.feature_error


@dataclasses.dataclass(frozen=True)
class TvChoice:
    """Errors of all weights that were tried, and the weight that is chosen.

    Attributes:
        trials: Errors of each weight.
        images: Number of validation images.

    Example:
        >>> choice = choose_tv_weight(features, validation_images, OptimizationSettings())
        >>> settings = OptimizationSettings(tv_weight=choice.weight)
    """

    trials: tuple[Trial, ...]
    images: int

    @property
    def weight(self) -> float:
        """The weight of the lowest sum of both errors; the lower one of two that are equal."""
        return min(self.trials, key=lambda trial: (trial.total, trial.weight)).weight

    @property
    def note(self) -> str:
        """A sentence for the table of an inversion."""
        tried = ", ".join(f"{trial.weight:g}" for trial in self.trials)
        return (
            f"Weight of the total variation: {self.weight:g}, chosen from {tried} on {self.images} "
            f"validation images by the {RULE}."
        )

    def table(self, inverted: str) -> Table:
        """The errors of all weights as a table.

        Args:
            inverted: Name of the inverted network and layer, for the title.
        """
        rows: list[list[str | Cell]] = []
        for trial in self.trials:
            errors = (trial.image_error, trial.feature_error, trial.total)
            weight = Cell(f"{trial.weight:g}", "best" if trial.weight == self.weight else "")
            rows.append([weight, *(f"{100 * error:.1f}" for error in errors)])
        headings = ["Weight", "Image error (%) ↓", "Feature error (%) ↓", "Sum (%) ↓"]
        note = f"{self.images} validation images; marked: {RULE}."
        return Table(f"Weight of the total variation, {inverted}", headings, [rows], [note])


def choose_tv_weight(
    features: Features,
    images: np.ndarray,
    settings: OptimizationSettings,
    weights: Sequence[float] = TV_WEIGHTS,
    progress: Callable[[int, int], Any] | None = None,
) -> TvChoice:
    """Invert the features of validation images with each weight, and choose the one with the lowest
    sum of image error and feature error.

    Args:
        features: Features of the inverted network.
        images: Validation images, uint8 [N, H, W, 3]; at least two that are not all equal, since
            their mean distance is the unit of the errors.
        settings: Settings of the optimization; their `tv_weight` is ignored.
        weights: Weights to try.
        progress: Called with the number of finished steps, summed over weights and images, and the
            total number; None for no progress.

    Raises:
        InputError: If there are too few images; also as `invert_by_optimization`.
    """
    if len(images) < 2 or (images == images[:1]).all():
        raise InputError(
            "the weight of the total variation is chosen on validation images",
            got=f"{len(images)} images that do not differ",
            accepted="two or more that differ, or --tv X",
        )
    targets = features(images)
    trials: list[Trial] = []

    def report(finished: int, steps: int) -> None:
        if progress is not None:
            progress(len(trials) * steps + finished, len(weights) * steps)

    for weight in weights:
        tried = dataclasses.replace(settings, tv_weight=weight)
        reconstructions = to_bytes(
            invert_by_optimization(features.extractor, targets, images.shape[1:], tried, report)
        )
        image_error = normalized_error(reconstructions, images)
        feature_error = normalized_error(features(reconstructions), targets)
        trials.append(Trial(weight, image_error, feature_error))
    return TvChoice(tuple(trials), len(images))
