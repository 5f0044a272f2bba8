"""Loss terms against closed forms, PyTorch, bounds and invariances."""

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim import losses

PAIRWISE = [losses.squared_error, losses.absolute_error]


@pytest.fixture
def pair():
    generator = np.random.default_rng(0)
    return generator.normal(size=(2, 4, 6, 5, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("loss", "expected"), [(losses.squared_error, 0.25), (losses.absolute_error, 0.5)]
)
def test_constant_difference(loss, expected):
    zeros = tf.zeros((2, 3, 3, 1))
    np.testing.assert_allclose(loss(zeros + 0.5, zeros), [expected] * 2)


@pytest.mark.parametrize("loss", PAIRWISE)
def test_zero_where_equal_symmetric_and_per_example(loss, pair):
    a, b = pair
    np.testing.assert_array_equal(loss(a, a), np.zeros(4))
    np.testing.assert_allclose(loss(a, b), loss(b, a))
    np.testing.assert_allclose(loss(a[2:3], b[2:3]), loss(a, b)[2:3], rtol=1e-6)


@pytest.mark.parametrize("loss", PAIRWISE)
def test_low_precision_is_summed_in_float32(loss, pair):
    a, b = (tf.cast(x, tf.bfloat16) for x in pair)
    assert loss(a, b).dtype == tf.float32
    np.testing.assert_allclose(loss(a, b), loss(tf.cast(a, tf.float32), tf.cast(b, tf.float32)))


def test_feature_error_closed_form():
    """Layers count by their weight and not by their size."""
    ones, many = tf.ones((2, 3)), tf.ones((2, 8, 8, 16))
    predictions = [ones * 0.5, many * [[[[3.0]]], [[[5.0]]]]]
    value = losses.feature_error(predictions, [ones, many], (4.0, 0.25))
    assert value.dtype == tf.float32
    np.testing.assert_allclose(value, [4 * 0.25 + 0.25 * 4, 4 * 0.25 + 0.25 * 16], rtol=1e-6)


def test_feature_error_of_one_layer_is_the_squared_error(pair):
    expected = losses.squared_error(*pair)
    np.testing.assert_array_equal(losses.feature_error(*pair, (1.0,)), expected)
    np.testing.assert_allclose(
        losses.feature_error([pair[0]], [pair[1]], [3.0]), 3 * expected, rtol=1e-6
    )


def test_feature_error_sums_low_precision_in_float32(pair):
    a, b = ([tf.cast(x, tf.bfloat16)] * 2 for x in pair)
    expected = losses.squared_error(*(tf.cast(x[0], tf.float32) for x in (a, b)))
    np.testing.assert_allclose(losses.feature_error(a, b, (0.5, 0.5)), expected, rtol=1e-6)


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 1.0, 1.0)])
def test_feature_error_needs_a_weight_for_each_layer(pair, weights):
    with pytest.raises(ValueError, match="zip"):
        losses.feature_error(list(pair), list(pair), weights)


def test_total_variation_closed_form():
    """By hand, for 2x2 pixels with the squared differences 1 + 4, 9, 4 and 0."""
    images = np.array([[[0, 1], [2, 4]]], np.float32)[..., None]
    squares = np.array([1 + 4, 9, 4, 0])
    np.testing.assert_allclose(losses.total_variation(images), [squares.mean()], rtol=1e-6)
    np.testing.assert_allclose(
        losses.total_variation(images, 1.0), [np.sqrt(squares).mean()], rtol=1e-6
    )


def test_total_variation_is_the_mean_over_channels_and_per_example(pair):
    images = pair[0]
    value = losses.total_variation(images)
    apart = [losses.total_variation(images[..., channel : channel + 1]) for channel in range(3)]
    np.testing.assert_allclose(value, np.mean(apart, axis=0), rtol=1e-6)
    np.testing.assert_allclose(losses.total_variation(images[2:3]), value[2:3], rtol=1e-6)
    assert losses.total_variation(tf.cast(images, tf.bfloat16)).dtype == tf.float32


@pytest.mark.parametrize("beta", [1.0, 1.5, 2.0])
def test_total_variation_of_constants_is_zero_and_has_no_gradient(beta):
    flat = tf.fill((2, 3, 4, 3), 0.3)
    with tf.GradientTape() as tape:
        tape.watch(flat)
        value = losses.total_variation(flat, beta)
    np.testing.assert_array_equal(value, np.zeros(2))
    np.testing.assert_array_equal(tape.gradient(value, flat), np.zeros(flat.shape))


def test_kl_is_zero_at_the_prior_and_positive_elsewhere():
    zeros = tf.zeros((1, 5))
    assert losses.kl_divergence(zeros, zeros).numpy() == [0.0]
    assert losses.kl_divergence(zeros + 0.1, zeros).numpy() > 0
    assert losses.kl_divergence(zeros, zeros + 0.1).numpy() > 0


def test_kl_closed_form():
    # For N(2, e) it is (4 + e - 1 - 1) / 2, whatever the number of equal dimensions.
    value = losses.kl_divergence(tf.fill((3, 7), 2.0), tf.fill((3, 7), 1.0))
    np.testing.assert_allclose(value, [(2 + np.e) / 2] * 3, rtol=1e-6)


def logits(real, generated):
    """Logits [1, 2] for each argument, in which "real" exceeds "generated" by that number."""
    return tf.constant([[0.0, real]]), tf.constant([[0.0, generated]])


def test_adversarial_losses_at_chance():
    """Equal logits give log 2 for each image, whatever their value."""
    for level in (0.0, -3.0, 50.0):
        chance = tf.fill((3, 2), level)
        np.testing.assert_allclose(losses.adversarial_loss(chance), [np.log(2)] * 3, rtol=1e-6)
        np.testing.assert_allclose(
            losses.discriminator_loss(chance, chance), [2 * np.log(2)] * 3, rtol=1e-6
        )


def test_adversarial_losses_in_closed_form():
    """D = 3/4 on the real image and 1/5 on the generated one."""
    real, generated = logits(np.log(3), -np.log(4))
    np.testing.assert_allclose(
        losses.discriminator_loss(real, generated), [-np.log(0.75 * 0.8)], rtol=1e-6
    )
    np.testing.assert_allclose(losses.adversarial_loss(generated), [-np.log(0.2)], rtol=1e-6)


def test_adversarial_losses_are_per_example():
    a, b = (np.random.default_rng(seed).normal(size=(4, 2)).astype(np.float32) for seed in (0, 1))
    one = losses.discriminator_loss(a[2:3], b[2:3])
    np.testing.assert_allclose(losses.discriminator_loss(a, b)[2:3], one, rtol=1e-6)
    np.testing.assert_allclose(
        losses.adversarial_loss(b)[2:3], losses.adversarial_loss(b[2:3]), rtol=1e-6
    )


@pytest.mark.parametrize(
    ("real", "generated", "discriminator", "adversarial", "slope"),
    [
        # d/d(logit of "real") of −log D is D − 1, of −log(1 − D) it is D.
        (80.0, -80.0, 0.0, 80.0, -1.0),
        (-80.0, 80.0, 160.0, 0.0, 0.0),
    ],
)
def test_adversarial_losses_are_finite_for_saturated_discriminators(
    real, generated, discriminator, adversarial, slope
):
    real, generated = logits(real, generated)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, generated])
        values = losses.discriminator_loss(real, generated), losses.adversarial_loss(generated)
    np.testing.assert_allclose(values, [[discriminator], [adversarial]], atol=1e-6)
    np.testing.assert_allclose(tape.gradient(values[1], generated), [[-slope, slope]], atol=1e-6)
    losing = discriminator > 0
    np.testing.assert_allclose(tape.gradient(values[0], real), [[losing, -losing * 1.0]], atol=1e-6)
    np.testing.assert_allclose(
        tape.gradient(values[0], generated), [[-losing * 1.0, losing]], atol=1e-6
    )


def test_adversarial_losses_of_low_precision_are_float32():
    real, generated = (tf.cast(x, tf.bfloat16) for x in logits(0.3, -0.7))
    for loss, inputs in (
        (losses.adversarial_loss, [generated]),
        (losses.discriminator_loss, [real, generated]),
    ):
        value = loss(*inputs)
        assert value.dtype == tf.float32
        np.testing.assert_allclose(value, loss(*(tf.cast(x, tf.float32) for x in inputs)))


def test_diversity_closed_form():
    """Images differ by 0, 0.02, 0.1 and 0.4; their noise by 1, 2, 0.5 and 1 on average."""
    apart, noise = (
        np.float32([0, 0.02, 0.1, 0.4]),
        np.float32([[1, 1], [4, 0], [0.5, -0.5], [0, 2]]),
    )
    first = np.full((4, 2, 3, 1), 0.5, np.float32)
    second = first + apart[:, None, None, None]
    # 1 − min(d(images) / d(noise) / 0.1, 1)
    expected = [1.0, 1 - 0.01 / 0.1, 0.0, 0.0]
    for pair in ((first, second), (second, first)):
        found = losses.diversity_loss(*pair, noise, np.zeros_like(noise))
        assert found.dtype == tf.float32
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_diversity_loss_separates_images_until_they_are_diverse_enough():
    first = tf.constant(np.full((2, 2, 2, 1), 0.5, np.float32))
    second = first + tf.constant([0.01, 0.3])[:, None, None, None]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([first, second])
        loss = losses.diversity_loss(first, second, tf.ones((2, 3)), tf.zeros((2, 3)))
    slopes = [tape.gradient(loss, x).numpy() for x in (first, second)]
    # The gradient makes the darker image darker: d/d(pixel) of −d(images) / 0.1 over 4 pixels.
    np.testing.assert_allclose(slopes[0][0], np.full((2, 2, 1), 1 / 0.1 / 4), rtol=1e-4)
    np.testing.assert_allclose(slopes[1], -slopes[0])
    np.testing.assert_array_equal(slopes[0][1], np.zeros((2, 2, 1)))


def test_diversity_loss_of_equal_noise_is_finite():
    images, noise = tf.fill((2, 2, 2, 1), 0.5), tf.ones((2, 3))
    np.testing.assert_array_equal(losses.diversity_loss(images, images, noise, noise), [1.0, 1.0])


@pytest.mark.parity
def test_parity_with_torch(pair):
    torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    a, b = (torch.from_numpy(x) for x in pair)
    mse = torch.nn.functional.mse_loss(a, b)
    np.testing.assert_allclose(tf.reduce_mean(losses.squared_error(*pair)), mse, rtol=1e-6)
    l1 = torch.nn.functional.l1_loss(a, b)
    np.testing.assert_allclose(tf.reduce_mean(losses.absolute_error(*pair)), l1, rtol=1e-6)
    mean, log_variance = a[:, 0, 0], b[:, 0, 0]
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).mean(1)
    np.testing.assert_allclose(
        losses.kl_divergence(mean.numpy(), log_variance.numpy()), kl, rtol=1e-5
    )


@pytest.mark.parity
def test_adversarial_parity_with_torch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    scale = np.array([0.1, 1, 10, 80])[:, None]
    pair = (np.random.default_rng(0).normal(size=(2, 4, 2)) * scale).astype(np.float32)
    real, generated = (torch.tensor(x, requires_grad=True) for x in pair)

    def cross_entropy(x, label):
        return torch.nn.functional.cross_entropy(x, torch.full((4,), label), reduction="none")

    discriminator = cross_entropy(real, losses.REAL) + cross_entropy(generated, losses.GENERATED)
    adversarial = cross_entropy(generated, losses.REAL)
    inputs = [tf.constant(x) for x in pair]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        ours = losses.discriminator_loss(*inputs), losses.adversarial_loss(inputs[1])
    np.testing.assert_allclose(
        ours, [discriminator.detach(), adversarial.detach()], rtol=1e-6, atol=1e-6
    )
    for value, theirs, arguments in (
        (ours[0], discriminator, (0, 1)),
        (ours[1], adversarial, (1,)),
    ):
        gradients = torch.autograd.grad(
            theirs.sum(), [(real, generated)[i] for i in arguments], retain_graph=True
        )
        for i, gradient in zip(arguments, gradients, strict=True):
            np.testing.assert_allclose(
                tape.gradient(value, inputs[i]), gradient, rtol=1e-5, atol=1e-6
            )


@pytest.mark.parity
@pytest.mark.parametrize("beta", [1.0, 1.5, 2.0])
def test_total_variation_parity_with_torch(pair, beta):
    torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    theirs = torch.tensor(pair[0].transpose(0, 3, 1, 2).copy(), requires_grad=True)
    # The last column and row are repeated, so that differences past the edge are 0. Elements
    # without differences are left out of the root.
    padded = torch.nn.functional.pad(theirs, (0, 1, 0, 1), mode="replicate")
    right, below = padded[..., :-1, 1:] - theirs, padded[..., 1:, :-1] - theirs
    squares = right**2 + below**2
    steps = squares[squares > 0] ** (beta / 2)
    value = steps.sum() / squares.numel()
    ours = tf.constant(pair[0])
    with tf.GradientTape() as tape:
        tape.watch(ours)
        mean = tf.reduce_mean(losses.total_variation(ours, beta))
    np.testing.assert_allclose(mean, value.detach(), rtol=1e-6)
    gradient = torch.autograd.grad(value, theirs)[0].permute(0, 2, 3, 1)
    np.testing.assert_allclose(tape.gradient(mean, ours), gradient, rtol=1e-5, atol=1e-7)
