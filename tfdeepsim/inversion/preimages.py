"""Several images of the same features, by noise (Dosovitskiy & Brox 2016, §4.3, "Sampling
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
    """How well sampled images have their features, and how much they differ.

    Attributes:
        feature_error: Normalized error of the features of the samples, mean over draws: 0 if all
            samples have the required features, 1 if they have those of other images.
        diversity: Mean distance of pixels between draws of the same features, divided by that
            between samples of different features: 0 if the noise has no effect, 1 if the features
            have none.

    Example:
        >>> samples = sample_preimages(inversion, features, count=4, seed=0)
        >>> spread(inversion, features, samples).diversity
    """

    feature_error: float
    diversity: float


def sample_preimages(
    inversion: TrainedInversion, features: np.ndarray, count: int, seed: int
) -> np.ndarray:
    """Draw images of features, each with its own noise from N(0, 1).

    Args:
        inversion: Network and a generator that takes noise.
        features: float32 [N, *feature_shape].
        count: Number of draws, 1 or more.
        seed: Seed of the noise.

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
        raise InputError("number of draws must be positive", got=count, accepted="1 or more")
    shape = (len(features), inversion.noise_dim)
    generator = np.random.default_rng(seed)
    draws = (generator.standard_normal(shape, np.float32) for _ in range(count))
    return np.stack([inversion.images(features, noise) for noise in draws])


def spread(inversion: TrainedInversion, features: np.ndarray, samples: np.ndarray) -> Spread:
    """Measure sampled images.

    Args:
        inversion: Network that computes the features of the samples.
        features: float32 [N, *feature_shape] that the samples were drawn of, two or more that are
            not all equal. The mean distance between them is the unit of the error.
        samples: uint8 [draws, N, H, W, 3], two draws or more.

    Raises:
        InputError: If there are fewer draws, the numbers of samples and features differ, or all
            samples of a draw are equal; also as `mean_pair_distance` and `Features`.
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
