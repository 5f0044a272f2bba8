"""Every network: shapes, a round trip of its configuration, and bad sizes."""

import inspect

import keras
import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.networks import (
    alexnet_encoder,
    autoencoder,
    discriminator,
    dosovitskiy,
    inversion_generator,
    pihlgren,
    upconv_generator,
    upconvolution,
)
from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder
from tfdeepsim.networks.autoencoder import Autoencoder
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.dosovitskiy import MapDecoder, MapEncoder
from tfdeepsim.networks.generators import make_generator
from tfdeepsim.networks.inversion_generator import InversionGenerator
from tfdeepsim.networks.pihlgren import Decoder, Encoder, make_autoencoder
from tfdeepsim.networks.upconv_generator import UpConvGenerator
from tfdeepsim.networks.upconvolution import UpConvolution

MODULES = (
    alexnet_encoder,
    autoencoder,
    discriminator,
    dosovitskiy,
    inversion_generator,
    pihlgren,
    upconv_generator,
    upconvolution,
)
PARTS = (Encoder, Decoder, MapEncoder, MapDecoder, AlexNetEncoder, UpConvGenerator)

# One small instance of each network, and the shapes of its inputs.
NETWORKS = {
    "Encoder": (lambda: Encoder((64, 80, 3), 5), (2, 64, 80, 3)),
    "variational Encoder": (lambda: Encoder((64, 64, 1), 4, variational=True), (2, 64, 64, 1)),
    "Decoder": (lambda: Decoder((64, 64, 3), 6), (2, 6)),
    "large Decoder": (lambda: Decoder((96, 80, 3), 6), (2, 6)),
    "Autoencoder": (lambda: make_autoencoder((64, 64, 3), 4, variational=True), (2, 64, 64, 3)),
    "UpConvolution": (lambda: UpConvolution(3, 5), (2, 3, 4, 2)),
    "MapEncoder": (lambda: MapEncoder((16, 24, 3), 12, width=0.1), (2, 16, 24, 3)),
    "variational MapEncoder": (lambda: MapEncoder((8, 8, 1), 3, True, 0.1), (2, 8, 8, 1)),
    "MapDecoder": (lambda: MapDecoder((16, 24, 3), 12, 0.1), (2, 12)),
    "map Autoencoder": (
        lambda: make_generator("dosovitskiy", (8, 8, 3), 4, False, 1, 0.1),
        (2, 8, 8, 3),
    ),
    "AlexNetEncoder": (lambda: AlexNetEncoder((63, 70, 3), 4, width=0.02), (2, 63, 70, 3)),
    "variational AlexNetEncoder": (
        lambda: AlexNetEncoder((64, 64, 1), 4, True, 0.02),
        (2, 64, 64, 1),
    ),
    "UpConvGenerator": (lambda: UpConvGenerator((5,), (30, 32, 3), 0.02), (2, 5)),
    "map UpConvGenerator": (lambda: UpConvGenerator((6, 6, 2), (15, 16, 1), 0.02), (2, 6, 6, 2)),
    "InversionGenerator": (lambda: InversionGenerator((5,), (30, 32, 3), 0.02, 0.5), (2, 5)),
    "noisy map InversionGenerator": (
        lambda: InversionGenerator((3, 2, 4), (16, 15, 3), 0.02, 2.0, 3, seed=5),
        (2, 3, 2, 4),
    ),
    "large Autoencoder": (
        lambda: make_generator("dosovitskiy", (64, 64, 3), 7, True, 1, 0.02),
        (2, 64, 64, 3),
    ),
    "Discriminator": (lambda: Discriminator((40, 35, 1), None, 0.1, seed=3), (2, 40, 35, 1)),
    "conditional Discriminator": (
        lambda: Discriminator((36, 36, 3), (2, 2, 3), 0.1, feature_scale=0.5),
        [(2, 36, 36, 3), (2, 2, 2, 3)],
    ),
}


def leaves(output):
    return output if isinstance(output, dict) else {"": output}


@pytest.mark.parametrize("name", NETWORKS)
def test_round_trip(name):
    make, shape = NETWORKS[name]
    network = make()
    generator = np.random.default_rng(0)
    x = [
        generator.random(one, np.float32) for one in (shape if isinstance(shape, list) else [shape])
    ]
    x = x if isinstance(shape, list) else x[0]
    with keras.saving.custom_object_scope({part.__name__: part for part in PARTS}):
        copy = type(network).from_config(network.get_config())
    assert copy.get_config() == network.get_config()
    output = leaves(network(x))
    # Layers, unlike models, have weights from their first call on.
    copy(x)
    copy.set_weights(network.get_weights())
    for key, value in output.items():
        np.testing.assert_array_equal(value, leaves(copy(x))[key])


def test_every_network_is_in_the_round_trip():
    classes = {
        name
        for module in MODULES
        for name, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, keras.layers.Layer) and value.__module__ == module.__name__
    }
    assert classes == {name.split()[-1] for name in NETWORKS}


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
