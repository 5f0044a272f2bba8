"""Settings of an inversion by optimization.

This module loads neither TensorFlow nor NumPy, so that a command can read its defaults at once.
"""

import dataclasses
import math

from tfdeepsim.errors import InputError

METHODS = ("momentum", "lbfgs")


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizationSettings:
    """How an image is optimized.

    Attributes:
        method: Optimizer of the image: `momentum`, gradient descent with momentum as in Mahendran &
            Vedaldi 2015, or `lbfgs`, L-BFGS-B.
        steps: Number of steps per image; of L-BFGS-B the maximum.
        tv_weight: Weight of the total variation, relative to the relative error of the features
            (default: chosen on validation images).
        alpha_norm_weight: Weight of the alpha norm of Mahendran & Vedaldi 2015, with exponent 6,
            which keeps pixels near the mean of their image; with 64 it is 1 for an image that is
            half black and half white.
        jitter: Maximum circular shift of the image in pixels, drawn for each step before features
            are computed; only for `momentum`.
        seed: Seed of the initial images and of the shifts.
        learning_rate: Root mean square of the first change of the pixels, whose range is 1; decays
            to 0 as a cosine. Only for `momentum`.
        momentum: Fraction of the velocity that is kept in each step; only for `momentum`.

    Raises:
        InputError: If a setting is out of its range, or L-BFGS-B is combined with jitter.

    Example:
        >>> settings = OptimizationSettings(method="lbfgs", steps=100, tv_weight=100.0)
        >>> images = invert_by_optimization(comparator, features, (64, 64, 3), settings)
    """

    method: str = "momentum"
    steps: int = 300
    tv_weight: float | None = None
    alpha_norm_weight: float = 0.0
    jitter: int = 0
    seed: int = 0
    learning_rate: float = 0.01
    momentum: float = 0.9

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError("--method is unknown", got=self.method, accepted=", ".join(METHODS))
        for flag, value, minimum in (
            ("--opt-steps", self.steps, 1),
            ("--jitter", self.jitter, 0),
            ("--seed", self.seed, 0),
        ):
            if not minimum <= value < 2**31:
                raise InputError(
                    f"{flag} is out of range", got=value, accepted=f"{minimum} or more"
                )
        for flag, weight in (("--tv", self.tv_weight), ("--alpha-norm", self.alpha_norm_weight)):
            if weight is not None and not 0 <= weight < math.inf:
                raise InputError(
                    f"{flag} is out of range", got=weight, accepted="0 or more, finite"
                )
        if not 0 < self.learning_rate < math.inf:
            raise InputError(
                "learning_rate is out of range", got=self.learning_rate, accepted="above 0, finite"
            )
        if not 0 <= self.momentum < 1:
            raise InputError(
                "momentum is out of range", got=self.momentum, accepted="at least 0, below 1"
            )
        if self.method == "lbfgs" and self.jitter:
            raise InputError(
                "--method lbfgs needs the same loss at every step",
                got=f"--jitter {self.jitter}",
                accepted="--jitter 0",
            )
