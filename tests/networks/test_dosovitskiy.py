"""The autoencoder of Table 2 of Dosovitskiy & Brox."""

import keras
import numpy as np
import pytest
from torch_leaky import TorchLayers, channels_first, channels_last, random_weights

from tfdeepsim.errors import InputError
from tfdeepsim.networks.dosovitskiy import MapDecoder, MapEncoder
from tfdeepsim.networks.upconvolution import UpConvolution

LEARNED = (keras.layers.Conv2D, UpConvolution)


def sizes(network):
    """Side, channels and kernel of every layer with weights."""
    layers = [layer for layer in network.layers if isinstance(layer, LEARNED)]
    return [
        (layer.output.shape[1], layer.output.shape[3], layer.kernel.shape[0]) for layer in layers
    ]


def test_sizes_of_table_2():
    encoder, decoder = MapEncoder(), MapDecoder()
    assert sizes(encoder) == [
        *((32, 32, 5), (32, 32, 3), (16, 64, 5), (16, 64, 3)),
        *((8, 128, 3), (8, 128, 3), (8, 64, 3), (8, 8, 3)),
    ]
    assert sizes(decoder) == [
        *((8, 64, 3), (8, 128, 3), (16, 64, 4), (16, 64, 3)),
        *((32, 32, 4), (32, 32, 3), (64, 16, 4), (64, 3, 3)),
    ]
    kernels = 25 * (3 * 32 + 32 * 64)
    kernels += 9 * (32 * 32 + 64 * 64 + 64 * 128 + 128 * 128 + 128 * 64 + 64 * 8)
    assert encoder.count_params() == kernels + 32 + 32 + 64 + 64 + 128 + 128 + 64 + 8
    kernels = 9 * (8 * 64 + 64 * 128 + 64 * 64 + 32 * 32 + 16 * 3) + 16 * (
        128 * 64 + 64 * 32 + 32 * 16
    )
    assert decoder.count_params() == kernels + 64 + 128 + 64 + 64 + 32 + 32 + 16 + 3


def test_width_leaves_code_and_image_alone():
    assert [channels for _, channels, _ in sizes(MapEncoder(width=0.25))] == [
        8,
        8,
        16,
        16,
        32,
        32,
        16,
        8,
    ]
    assert [channels for _, channels, _ in sizes(MapDecoder(width=0.01))] == [
        1,
        1,
        1,
        1,
        1,
        1,
        1,
        3,
    ]


def test_latent_is_the_flat_map():
    encoder = MapEncoder((16, 24, 3), 18, width=0.1)
    x = np.random.default_rng(0).random((2, 16, 24, 3), np.float32)
    code = keras.Model(encoder.input, encoder.get_layer("latent").input)(x)
    assert code.shape == (2, 2, 3, 3)
    np.testing.assert_array_equal(encoder(x)["latent"], np.reshape(code, (2, 18)))
    assert MapDecoder((16, 24, 3), 18, width=0.1).layers[1].output.shape[1:] == (2, 3, 3)


def test_posterior_starts_near_unit_variance_and_is_linear():
    encoder = MapEncoder((32, 32, 3), 128, variational=True)
    generated = encoder(np.random.default_rng(0).random((4, 32, 32, 3), np.float32))
    assert np.abs(generated["log_variance"]).max() < 1
    assert np.std(generated["latent"]) > 0.1
    kernels = [v for v in encoder.trainable_variables if v.shape == (3, 3, 64, 8)]
    assert len(kernels) == 2


@pytest.mark.parametrize("variational", [False, True])
def test_images_start_near_a_constant(variational):
    encoder = MapEncoder((32, 32, 3), 128, variational)
    images = np.random.default_rng(0).random((4, 32, 32, 3), np.float32)
    generated = MapDecoder((32, 32, 3), 128)(encoder(images)["latent"]).numpy()
    assert np.abs(generated - 0.5).mean() < 0.1
    assert generated.std() > 1e-3


def test_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    encoder, decoder = MapEncoder((8, 8, 3), 8, width=0.1), MapDecoder((8, 8, 3), 8, width=0.1)
    latent = encoder(np.zeros((2, 8, 8, 3), np.float32))["latent"]
    assert latent.dtype == decoder(latent).dtype == "float32"
    assert encoder.layers[1].output.dtype == "bfloat16"


@pytest.mark.parametrize("network", [MapEncoder, MapDecoder])
def test_impossible_sizes(network):
    with pytest.raises(InputError, match=r"multiples of 8 .*: got 60x64; accepted: 8, 16, 24"):
        network((60, 64, 3), 512)
    with pytest.raises(InputError, match=r"got 0x8"):
        network((0, 8, 3), 8)
    with pytest.raises(
        InputError, match=r"8x8 positions .*: got 100; accepted: multiples of 64, e.g. 512"
    ):
        network((64, 64, 3), 100)
    with pytest.raises(InputError, match=r"8x8 positions .*: got 0;"):
        network((64, 64, 3), 0)
    with pytest.raises(InputError, match=r"width .* positive: got 0;"):
        network((8, 8, 3), 8, width=0)


@pytest.mark.parity
def test_parity_with_torch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    encoder, decoder = (
        MapEncoder((16, 24, 3), 24, width=0.2),
        MapDecoder((16, 24, 3), 24, width=0.2),
    )
    random_weights(encoder)
    random_weights(decoder, seed=1)
    images = np.random.default_rng(2).random((2, 16, 24, 3), np.float32)
    layers, x = TorchLayers(torch, encoder), channels_first(torch, images)
    for kernel, stride in ((5, 2), (3, 1), (5, 2), (3, 1), (3, 2), (3, 1), (3, 1), (3, 1)):
        x = layers.leaky(layers.same(x, kernel, stride))
    latent = encoder(images)["latent"].numpy()
    np.testing.assert_allclose(latent, channels_last(x).reshape(2, 24), rtol=1e-4, atol=1e-5)
    layers = TorchLayers(torch, decoder)
    x = layers.leaky(layers.same(layers.leaky(layers.same(x, 3)), 3))
    for _ in range(2):
        x = layers.leaky(layers.same(layers.leaky(layers.up(x)), 3))
    x = layers.same(layers.leaky(layers.up(x)), 3)
    np.testing.assert_allclose(decoder(latent), channels_last(x), rtol=1e-4, atol=1e-5)
