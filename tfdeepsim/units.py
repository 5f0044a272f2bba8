"""The two units in which loss weights are given: means, and the sums of Dosovitskiy & Brox 2016."""

from collections.abc import Mapping

UNITS = ("mean", "paper")
PIXEL = 255.0
"""Largest pixel value in the paper's images; ours are in [0, 1]."""


def mean_units(
    weights: Mapping[str, float],
    image_elements: int,
    feature_elements: int = 0,
    latent_dim: int = 0,
) -> dict[str, float]:
    """Weights of the paper's terms as weights of ours, so that the loss of an example is the same
    number.

    The released training files of Dosovitskiy & Brox have Caffe's Euclidean loss, a sum of squares
    over 2N, on pixels of 0 to 255, and a cross-entropy that is a mean over the N examples; eq. (7)
    is a sum over latent dimensions. They know no diversity, whose weight stays. `tfdeepsim.losses`
    takes means over the elements of an example, on pixels in [0, 1]:

        image        λ · ½ · 255² · elements          feature   λ · ½ · elements
        adversarial  λ                                kl        λ · dimensions

    Args:
        weights: λ by the name of its term, in the paper's units.
        image_elements: Height times width times channels.
        feature_elements: Of an image's features.
        latent_dim: Of the posterior.

    Returns:
        λ by the same names, in mean units.
    """
    factors = {
        "image": PIXEL**2 * image_elements / 2,
        "feature": feature_elements / 2,
        "adversarial": 1.0,
        "kl": float(latent_dim),
        "diversity": 1.0,
    }
    return {name: weight * factors[name] for name, weight in weights.items()}
