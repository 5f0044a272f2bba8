"""Loss terms: pure functions of tensors that return one float32 value for each example.

The meaning of a loss weight λ depends on how a term is reduced. Here every term is a **mean over
the elements of one example** (pixels and channels, feature elements, latent dimensions), and the
loss of a batch is the mean over its examples. Images are in [0, 1].
"""

from collections.abc import Sequence

import tensorflow as tf

from tfdeepsim.step_values import sum_in_order

GENERATED, REAL = 0, 1
"""Index of the logit for generated and for real images among a discriminator's two."""


def _mean_per_example(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(x, axis=tf.range(1, tf.rank(x)))


def squared_error(prediction: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean squared difference: for images eq. (5), for features eq. (2) of Dosovitskiy & Brox 2016.

    Args:
        prediction: [B, ...], any float type; the difference is computed in float32.
        target: [B, ...], of the same shape.

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
    """Feature loss over one or several layers: the weighted sum of the `squared_error` of each, eq.
    (2) of Dosovitskiy & Brox 2016.

    Args:
        predictions: Features [B, ...] of one layer, or a list of the features of several layers, as
            comparators return them.
        targets: Features of the targets, of the same shapes.
        weights: Weight of each layer.

    Returns:
        float32 [B], at least 0 for weights that are not negative.

    Raises:
        ValueError: If predictions, targets and weights are not equally many.
    """
    layers = zip(tf.nest.flatten(predictions), tf.nest.flatten(targets), weights, strict=True)
    return sum_in_order(
        [weight * squared_error(prediction, target) for prediction, target, weight in layers]
    )


def absolute_error(prediction: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference, the l1 baseline of Dosovitskiy & Brox 2016, section 4.1.

    Args:
        prediction: [B, ...], any float type; the difference is computed in float32.
        target: [B, ...], of the same shape.

    Returns:
        float32 [B], at least 0.
    """
    return _mean_per_example(tf.abs(tf.cast(prediction, tf.float32) - tf.cast(target, tf.float32)))


def total_variation(images: tf.Tensor, beta: float = 2.0) -> tf.Tensor:
    """Total variation, the image prior of Mahendran & Vedaldi 2015 and the term P in eq. (8) of
    Dosovitskiy & Brox 2016.

    For each element it is (dx² + dy²)^(β/2), where dx is the difference to the neighbour at the
    right and dy to the one below, in the same channel; both are 0 past the edge. Mahendran &
    Vedaldi sum over the elements, this function averages: their λ is the weight here divided by
    H·W·C.

    Args:
        images: [B, H, W, C], any float type; differences are computed in float32.
        beta: Exponent β, 1 or more. With β = 1 the gradient where both differences are 0, which
            does not exist, is 0.

    Returns:
        float32 [B], at least 0.
    """
    images = tf.cast(images, tf.float32)
    right = tf.pad(images[:, :, 1:] - images[:, :, :-1], [[0, 0], [0, 0], [0, 1], [0, 0]])
    below = tf.pad(images[:, 1:] - images[:, :-1], [[0, 0], [0, 1], [0, 0], [0, 0]])
    squares = tf.square(right) + tf.square(below)
    # The inner `where` keeps the infinite slope of the root at 0 out of the gradient, since 0 times
    # infinity is NaN.
    steps = squares > 0
    powers = tf.pow(tf.where(steps, squares, 1.0), beta / 2)
    return _mean_per_example(tf.where(steps, powers, 0.0))


def kl_divergence(mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    """KL divergence of a diagonal Gaussian posterior from N(0, 1), eq. (7) of Dosovitskiy & Brox
    2016.

    It is averaged over the latent dimensions and includes the constant −½ that the paper drops, so
    that it is 0 if posterior and prior are equal. The γ of Pihlgren et al. 2020 is the weight of a
    KL term without the factor ½: λ_kl = 2 γ.

    Args:
        mean: Mean of the posterior [B, Z], any float type.
        log_variance: Natural logarithm of its variance σ² [B, Z].

    Returns:
        float32 [B], at least 0, in nats per dimension.
    """
    mean, log_variance = tf.cast(mean, tf.float32), tf.cast(log_variance, tf.float32)
    return 0.5 * _mean_per_example(tf.square(mean) + tf.exp(log_variance) - log_variance - 1.0)


def discriminator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """Loss of the discriminator: −log D(y) − log(1 − D(G(x))), eq. (3) of Dosovitskiy & Brox 2016.

    It is computed from logits, so that it is finite however sure the discriminator is.

    Args:
        real: Logits [B, 2] of target images, any float type, in the order `GENERATED`, `REAL`.
        generated: Logits [B, 2] of generated images.

    Returns:
        float32 [B], at least 0; 2 log 2 at chance.
    """
    return -_log_probability(real, REAL) - _log_probability(generated, GENERATED)


def adversarial_loss(generated: tf.Tensor) -> tf.Tensor:
    """Adversarial loss of the generator: −log D(G(x)), eq. (4) of Dosovitskiy & Brox 2016.

    Args:
        generated: Logits [B, 2] of generated images, any float type.

    Returns:
        float32 [B], at least 0; log 2 at chance.
    """
    return -_log_probability(generated, REAL)


DIVERSE = 0.1
"""Mean absolute difference of two images, divided by that of their noise, which counts as diverse
enough. Two photographs of CIFAR-10 differ by about 0.25 on average, two draws of noise by 1.13."""


def diversity_loss(
    first: tf.Tensor, second: tf.Tensor, noise: tf.Tensor, other: tf.Tensor
) -> tf.Tensor:
    """Penalty on images of the same features but different noise that are too similar.

    It is 1 − min(d(images) / d(noise), τ) / τ with mean absolute differences d and τ = `DIVERSE`:
    the bounded diversity of Yang et al. 2019 (Diversity-sensitive conditional generative
    adversarial networks, eq. 2). Dosovitskiy & Brox 2016 leave open how pre-images can be sampled
    (Sec. 4.3).

    Args:
        first: Images [B, H, W, C] in [0, 1], any float type.
        second: Images [B, H, W, C] of the same features.
        noise: Noise [B, n] of the first images.
        other: Noise [B, n] of the second images.

    Returns:
        float32 [B]: 1 for equal images, 0 for images that are diverse enough.
    """
    ratio = absolute_error(first, second) / (absolute_error(noise, other) + 1e-6)
    return 1.0 - tf.minimum(ratio / DIVERSE, 1.0)


def _log_probability(logits: tf.Tensor, label: int) -> tf.Tensor:
    return tf.nn.log_softmax(tf.cast(logits, tf.float32))[:, label]
