"""Several images for one feature vector, by noise (Dosovitskiy & Brox 2016, §4.3, "Sampling
pre-images")."""

import dataclasses
import itertools

import numpy as np

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.normalized_error import mean_pair_distance
from tfdeepsim.inversion.distance import mean_distance
from tfdeepsim.inversion.trained_inversion import TrainedInversion


@dataclasses.dataclass(frozen=True)
class Spread:
    """How true samples are to their features, and how different from each other.

    Attributes:
        feature_error: Mean over the draws of the normalized error of the samples' features: 0 where
            all have the features that were asked for, 1 where they have another image's.
        diversity: Mean distance of pixels between draws of the same features, over that between
            samples of different features: 0 where noise does nothing, 1 where features do nothing.
    """

    feature_error: float
    diversity: float


def sample_preimages(
    inversion: TrainedInversion, features: np.ndarray, count: int, seed: int
) -> np.ndarray:
    """Draw images of features, each with noise of its own from N(0, 1).

    Args:
        inversion: With a generator that takes noise.
        features: float32 [N, *feature_shape].
        count: Draws, 1 or more.
        seed: Of the noise.

    Returns:
        uint8 [count, N, H, W, 3].

    Raises:
        InputError: If the generator takes no noise, or there is no draw; also as
            `TrainedInversion.images`.
    """
    if not inversion.noise_dim:
        raise InputError(
            "several images of the same features need noise",
            got=f"a generator without it{f' ({inversion.name})' if inversion.name else ''}",
            accepted="a generator that was trained with noise_dim above 0",
        )
    if count < 1:
        raise InputError("draws must be positive", got=count, accepted="1 or more")
    shape = (len(features), inversion.noise_dim)
    generator = np.random.default_rng(seed)
    draws = (generator.standard_normal(shape, np.float32) for _ in range(count))
    return np.stack([inversion.images(features, noise) for noise in draws])


def spread(inversion: TrainedInversion, features: np.ndarray, samples: np.ndarray) -> Spread:
    """Measure samples.

    Args:
        inversion: Whose extractor gives the features of the samples.
        features: float32 [N, *feature_shape], two or more that are not all equal; N of the error is
            theirs.
        samples: uint8 [draws, N, H, W, 3], two draws or more.

    Raises:
        InputError: If there are fewer draws, not as many samples as features, or all samples of a
            draw are equal; also as `mean_pair_distance` and `Features`.
    """
    if samples.ndim != 5 or len(samples) < 2 or samples.shape[1] != len(features):
        raise InputError(
            "samples are compared over draws",
            got=list(samples.shape),
            accepted=f"[2 or more, {len(features)}, height, width, 3]",
        )
    unit = mean_pair_distance(features)
    errors = [mean_distance(inversion.features(draw), features) / unit for draw in samples]
    same = [mean_distance(a, b) for a, b in itertools.combinations(samples, 2)]
    different = [mean_pair_distance(draw) for draw in samples]
    return Spread(float(np.mean(errors)), float(np.mean(same) / np.mean(different)))
