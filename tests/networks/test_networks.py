"""The networks of Pihlgren et al. 2020: sizes, noise, precision, and bad shapes."""

import keras
import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.networks.autoencoder import Autoencoder
from tfdeepsim.networks.pihlgren import Decoder, Encoder, make_autoencoder


@pytest.mark.parametrize("shape", [(64, 64, 3), (80, 64, 3), (96, 112, 1)])
def test_reconstruction_has_the_shape_of_the_image(shape):
    generated = make_autoencoder(shape, 7, variational=False)(np.zeros((3, *shape), np.float32))
    assert generated["image"].shape == (3, *shape)
    assert generated["latent"].shape == (3, 7)
    assert "log_variance" not in generated


def test_sizes_of_the_authors_network():
    # 64 - 31 - 14 - 6 - 2 and 1 - 5 - 13 - 30 - 64; weights counted by hand from the layers.
    encoder, decoder = Encoder((64, 64, 3), 64), Decoder((64, 64, 3), 64)
    sides = [
        layer.output.shape[1] for layer in encoder.layers if isinstance(layer, keras.layers.Conv2D)
    ]
    assert sides == [31, 14, 6, 2]
    convolutions = 16 * (3 * 32 + 32 * 64 + 64 * 128 + 128 * 256)
    assert (
        sum(np.prod(v.shape) for v in encoder.trainable_variables)
        == convolutions + 2 * 480 + 1025 * 64
    )
    transposed = 25 * 1024 * 128 + 25 * 128 * 64 + 36 * 64 * 32 + 36 * 32 * 3 + 3
    assert (
        sum(np.prod(v.shape) for v in decoder.trainable_variables)
        == 65 * 1024 + transposed + 2 * 224
    )


@pytest.mark.parametrize("shape", [(64, 64, 3), (80, 64, 3)])
def test_a_relu_follows_the_first_dense_layer_of_the_decoder(shape):
    decoder = Decoder(shape, 8)
    dense, relu = decoder.layers[1:3]
    assert isinstance(relu, keras.layers.ReLU)
    # Where the dense layer gives nothing above 0, all latents are decoded alike.
    dense.kernel.assign(-abs(dense.kernel))
    latents = np.random.default_rng(0).random((2, 8), np.float32)
    first, second = decoder(latents).numpy()
    np.testing.assert_array_equal(first, second)
    linear = Decoder(shape, 8, dense_activation="none")
    linear.set_weights(decoder.get_weights())
    first, second = linear(latents).numpy()
    assert not np.array_equal(first, second)


def test_first_transposed_convolution_is_the_dense_layer():
    decoder = Decoder((64, 64, 3), 8)
    dense = [layer for layer in decoder.layers if isinstance(layer, keras.layers.Dense)][1]
    x = np.random.default_rng(1).normal(size=(2, 1024)).astype(np.float32)
    transposed = keras.layers.Conv2DTranspose(128, 5, strides=2, use_bias=False)
    transposed.build((None, 1, 1, 1024))
    kernel = dense.kernel.numpy().reshape(1024, 5, 5, 128).transpose(1, 2, 3, 0)
    transposed.kernel.assign(kernel)
    expected = transposed(x.reshape(2, 1, 1, 1024))
    np.testing.assert_allclose(dense(x).numpy().reshape(2, 5, 5, 128), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(32, 32, 3), (65, 64, 3), (64, 72, 3)])
def test_impossible_sizes(shape):
    for network in (Encoder, Decoder):
        with pytest.raises(InputError, match=r"64 \+ 16 n.*got 32x32|64 \+ 16 n.*got 6[45]x"):
            network(shape)


def test_noise_in_training_only_and_seeded():
    x = np.random.default_rng(0).random((4, 64, 64, 3), np.float32)
    first, second = (make_autoencoder((64, 64, 3), 4, variational=True, seed=3) for _ in range(2))
    second.set_weights(first.get_weights())
    np.testing.assert_array_equal(first(x)["image"], first(x)["image"])
    noisy = [first(x, training=True)["image"].numpy() for _ in range(2)]
    assert np.abs(noisy[0] - noisy[1]).max() > 1e-3
    np.testing.assert_array_equal(second(x, training=True)["image"], noisy[0])


def test_noise_is_standard_normal():
    model = make_autoencoder((64, 64, 3), 4, variational=True)
    model.decoder = lambda latent, training: latent
    mean, log_variance = np.full((1, 4), 2.0), np.full((1, 4), np.log(9.0))
    model.encoder = lambda x, training: {
        "latent": np.repeat(mean, 20000, 0).astype(np.float32),
        "log_variance": np.repeat(log_variance, 20000, 0).astype(np.float32),
    }
    samples = Autoencoder.call(model, None, training=True)["image"].numpy()
    np.testing.assert_allclose(samples.mean(0), 2.0, atol=0.1)
    np.testing.assert_allclose(samples.std(0), 3.0, atol=0.1)


def test_latents_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    generated = make_autoencoder((64, 64, 3), 4, variational=True)(
        np.zeros((2, 64, 64, 3), np.float32)
    )
    assert {value.dtype.name for value in generated.values()} == {"float32"}


@pytest.mark.parity
def test_parity_with_torch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    encoder = Encoder((64, 64, 3), 8)
    generator = np.random.default_rng(0)
    for variable in encoder.weights:
        variable.assign(
            generator.uniform(0.1, 0.3, variable.shape) * generator.choice([-1, 1], variable.shape)
        )
        if variable.name == "moving_variance":
            variable.assign(generator.uniform(0.5, 2.0, variable.shape))
    x = generator.random((2, 64, 64, 3), np.float32)
    y = torch.from_numpy(x).permute(0, 3, 1, 2)
    weights = iter(torch.from_numpy(w) for w in encoder.get_weights())
    for _ in range(4):
        y = torch.nn.functional.conv2d(y, next(weights).permute(3, 2, 0, 1), stride=2)
        scale, shift, mean, variance = (next(weights) for _ in range(4))
        y = torch.nn.functional.batch_norm(y, mean, variance, scale, shift, eps=1e-5).relu()
    y = y.permute(0, 2, 3, 1).flatten(1) @ next(weights) + next(weights)
    np.testing.assert_allclose(encoder(x)["latent"], y, rtol=1e-4, atol=1e-4 * float(y.abs().max()))
