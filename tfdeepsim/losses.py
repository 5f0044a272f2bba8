"""Loss terms: pure functions, tensors in, one float32 value an example out.

Reductions are part of the meaning of a loss weight λ. One convention holds everywhere: every term
is a **mean over the elements of one example** (pixels and channels, feature elements, latent
dimensions), and the loss of a batch is the mean over its examples. Images are in [0, 1].
"""

from collections.abc import Sequence

import tensorflow as tf

GENERATED, REAL = 0, 1
"""Which of a discriminator's two logits stands for what."""


def _mean_per_example(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(x, axis=tf.range(1, tf.rank(x)))


def squared_error(prediction: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean squared difference; of images eq. (5), of features eq. (2) of Dosovitskiy & Brox 2016.

    Args:
        prediction: [B, ...], any float type; the difference is taken in float32.
        target: The same shape.

    Returns:
        float32 [B], at least 0.
    """
    return _mean_per_example(
        tf.math.squared_difference(tf.cast(prediction, tf.float32), tf.cast(target, tf.float32))
    )


def feature_error(
    predictions: tf.Tensor | Sequence[tf.Tensor],
    targets: tf.Tensor | Sequence[tf.Tensor],
    weights: Sequence[float],
) -> tf.Tensor:
    """Eq. (2) of Dosovitskiy & Brox 2016 over several layers: the weighted sum of `squared_error`
    of each.

    Args:
        predictions: Features [B, ...] of one layer, or a list of those of several, as comparators
            give them.
        targets: Of the same shapes.
        weights: Of each layer.

    Returns:
        float32 [B], at least 0.

    Raises:
        ValueError: Unless there are as many targets and weights as predictions.
    """
    layers = zip(tf.nest.flatten(predictions), tf.nest.flatten(targets), weights, strict=True)
    return tf.add_n(
        [weight * squared_error(prediction, target) for prediction, target, weight in layers]
    )


def absolute_error(prediction: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference, the l1 baseline of Dosovitskiy & Brox 2016, section 4.1.

    Args:
        prediction: [B, ...], any float type.
        target: The same shape.

    Returns:
        float32 [B], at least 0.
    """
    return _mean_per_example(tf.abs(tf.cast(prediction, tf.float32) - tf.cast(target, tf.float32)))


def total_variation(images: tf.Tensor, beta: float = 2.0) -> tf.Tensor:
    """The prior of Mahendran & Vedaldi 2015, and so P of eq. (8) of Dosovitskiy & Brox 2016.

    At every element (dx² + dy²)^(β/2), of the differences dx to the neighbour at the right and dy
    to the one below, of the same channel; 0 past the last column and row. Mahendran & Vedaldi sum
    it over the elements, here it is their mean: λ of the paper is the weight here over H·W·C.

    Args:
        images: [B, H, W, C], any float type; differences are taken in float32.
        beta: β, 1 or more. Of 1 the gradient is 0 where both differences are 0, in place of none.

    Returns:
        float32 [B], at least 0.
    """
    images = tf.cast(images, tf.float32)
    right = tf.pad(images[:, :, 1:] - images[:, :, :-1], [[0, 0], [0, 0], [0, 1], [0, 0]])
    below = tf.pad(images[:, 1:] - images[:, :-1], [[0, 0], [0, 1], [0, 0], [0, 0]])
    squares = tf.square(right) + tf.square(below)
    # The inner choice keeps the infinite slope of a root at 0 out of the gradient, where 0 times it
    # is NaN.
    steps = squares > 0
    powers = tf.pow(tf.where(steps, squares, 1.0), beta / 2)
    return _mean_per_example(tf.where(steps, powers, 0.0))


def kl_divergence(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """Divergence of a diagonal Gaussian posterior from N(0, 1): eq. (7) of Dosovitskiy & Brox 2016.

    Averaged over the latent dimensions, and with the constant −½ that the paper drops, so that it
    is 0 where posterior and prior agree. The γ of Pihlgren et al. weighs a KL without the ½: λ_kl =
    2 γ.

    Args:
        mean: [B, Z], any float type.
        log_variance: [B, Z], natural logarithm of σ².

    Returns:
        float32 [B], at least 0, in nats a dimension.
    """
    mean, log_variance = tf.cast(mean, tf.float32), tf.cast(log_variance, tf.float32)
    return 0.5 * _mean_per_example(tf.square(mean) + tf.exp(log_variance) - log_variance - 1.0)


def discriminator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """What the discriminator minimises, eq. (3) of Dosovitskiy & Brox 2016: −log D(y) − log(1 −
    D(G(x))).

    From logits, so that no logarithm of 0 is taken however sure the discriminator is.

    Args:
        real: Logits [B, 2] of target images, any float type; the second one stands for "real".
        generated: Logits [B, 2] of generated images.

    Returns:
        float32 [B], at least 0; 2 log 2 at chance.
    """
    return -_log_probability(real, REAL) - _log_probability(generated, GENERATED)


def adversarial_loss(generated: tf.Tensor) -> tf.Tensor:
    """What the generator minimises of it, eq. (4) of Dosovitskiy & Brox 2016: −log D(G(x)).

    Args:
        generated: Logits [B, 2] of generated images, any float type.

    Returns:
        float32 [B], at least 0; log 2 at chance.
    """
    return -_log_probability(generated, REAL)


DIVERSE = 0.1
"""Mean difference of two images, for each unit of the mean difference of their noise, that is
enough. Two photographs of CIFAR-10 differ by about 0.25 in the mean, two draws of noise by 1.13."""


def diversity_loss(
    first: tf.Tensor, second: tf.Tensor, noise: tf.Tensor, other: tf.Tensor
) -> tf.Tensor:
    """How far two images of the same features, but of different noise, are from being different
    enough.

    1 − min(d(images) / d(noise), τ) / τ with mean absolute differences d and τ = `DIVERSE`: the
    bounded diversity of Yang et al. 2019 (Diversity-sensitive conditional generative adversarial
    networks, eq. 2). Dosovitskiy & Brox 2016 leave open how pre-images can be sampled (Sec. 4.3).

    Args:
        first: Images [B, H, W, C] in [0, 1], any float type.
        second: Images of the same features.
        noise: [B, n], that of the first.
        other: [B, n], that of the second; differs from it.

    Returns:
        float32 [B]: 1 for equal images, 0 for those that are different enough.
    """
    ratio = absolute_error(first, second) / (absolute_error(noise, other) + 1e-6)
    return 1.0 - tf.minimum(ratio / DIVERSE, 1.0)


def _log_probability(logits: tf.Tensor, label: int) -> tf.Tensor:
    return tf.nn.log_softmax(tf.cast(logits, tf.float32))[:, label]
