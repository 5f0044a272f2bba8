"""The units of loss weights: for means, for the sums of Dosovitskiy & Brox 2016, and as shares of
the gradient at the generated image."""

from collections.abc import Mapping

UNITS = ("mean", "paper", "shares")
"""`mean`: of means over the elements of an example. `paper`: of sums, see `mean_units`. `shares`:
the weights of terms on images follow running norms of their gradients, see
`gradient_shares.GradientShares`; that of the kl term is in mean units, relative to an image term of
weight 1."""
PIXEL = 255.0
"""Largest pixel value of the images in the paper; here images are in [0, 1]."""


def mean_units(
    weights: Mapping[str, float],
    image_elements: int,
    feature_elements: int = 0,
    latent_dim: int = 0,
) -> dict[str, float]:
    """Convert loss weights from the paper's units to mean units, so that the loss of an example is
    the same number.

    The training files that Dosovitskiy & Brox released use Caffe's Euclidean loss, a sum of squares
    divided by 2N, on pixels from 0 to 255, and a cross-entropy that is a mean over the N examples;
    eq. (7) is a sum over latent dimensions. They have no diversity term, whose weight is left as it
    is. `tfdeepsim.losses` computes means over the elements of an example, on pixels in [0, 1]:

        image        λ · ½ · 255² · elements          feature   λ · ½ · elements
        adversarial  λ                                kl        λ · dimensions

    Args:
        weights: Weight λ by the name of its term, in the paper's units.
        image_elements: Height times width times channels of an image.
        feature_elements: Number of elements of the features of an image.
        latent_dim: Number of dimensions of the posterior.

    Returns:
        Weight λ by the same names, in mean units.

    Example:
        >>> mean_units({"image": 2e-6}, image_elements=64 * 64 * 3)
        {'image': 799.0272}
    """
    factors = {
        "image": PIXEL**2 * image_elements / 2,
        "feature": feature_elements / 2,
        "adversarial": 1.0,
        "kl": float(latent_dim),
        "diversity": 1.0,
    }
    return {name: weight * factors[name] for name, weight in weights.items()}
