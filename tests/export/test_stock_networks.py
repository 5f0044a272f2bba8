"""Networks of stock layers compute what the package's own networks compute."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators.chains.architecture import Architecture, Layer
from tfdeepsim.comparators.chains.convolution import frozen_convolution
from tfdeepsim.comparators.chains.forward import features
from tfdeepsim.comparators.chains.tensor_layout import kernels_from_tensors
from tfdeepsim.comparators.weights.load import random_weights
from tfdeepsim.errors import InputError
from tfdeepsim.export.stock_chain import comparator_features
from tfdeepsim.export.stock_layers import (
    embedding_of_bytes,
    inversion_generator,
    with_stock_layers,
)
from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder
from tfdeepsim.networks.dosovitskiy import MapEncoder
from tfdeepsim.networks.inversion_generator import InversionGenerator
from tfdeepsim.networks.pihlgren import Decoder, Encoder

RANDOM = np.random.default_rng(0)
BYTES = RANDOM.integers(0, 256, (3, 64, 64, 3), np.uint8)
FLOATS = BYTES.astype(np.float32) / 255
# Every kind of layer, as Caffe has them.
CHAIN = Architecture(
    "chain",
    (
        Layer("conv1", "conv", 8, kernel=7, stride=4, padding=2, tensor="conv1"),
        Layer("relu1", "relu", 8),
        Layer("norm1", "lrn", 8, kernel=5),
        Layer("pool1", "pool", 8, kernel=3, stride=2, ceil=True),
        Layer("conv2", "conv", 6, kernel=3, padding=1, groups=2, tensor="conv2"),
        Layer("relu2", "relu", 6),
        Layer("fc3", "dense", 7, tensor="fc3"),
        Layer("relu3", "relu", 7),
        Layer("fc4", "dense", 4, tensor="fc4"),
        Layer("prob", "softmax", 4),
    ),
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.2, 0.3),
    bgr=True,
    pooled=5,
    adaptive=True,
)


def shaken(network):
    """The network with other weights than those it starts with, which are partly 0 and 1."""
    for variable in network.weights:
        if "seed" not in variable.path:
            variable.assign(variable + RANDOM.uniform(0, 0.1, variable.shape))
    return network


def assert_stock(model):
    for layer in model.layers:
        assert type(layer).__module__.startswith("keras."), layer
        if isinstance(layer, keras.Model):
            assert_stock(layer)


@pytest.mark.parametrize(
    "encoder",
    [
        lambda: Encoder((64, 64, 3), 6, variational=True),
        lambda: MapEncoder((64, 64, 3), 64, width=0.1),
        lambda: AlexNetEncoder((64, 64, 3), 5, width=0.05, as_trained=True),
    ],
    ids=["pihlgren", "map", "alexnet as trained"],
)
def test_encoders(encoder):
    encoder = shaken(encoder())
    model = embedding_of_bytes(with_stock_layers(encoder))
    assert_stock(model)
    expected = encoder(FLOATS)["latent"].numpy()
    np.testing.assert_allclose(model(BYTES), expected, atol=2e-5 * np.abs(expected).max())


def test_decoders():
    decoder = shaken(Decoder((64, 64, 3), 6))
    latents = RANDOM.standard_normal((3, 6), np.float32)
    np.testing.assert_allclose(with_stock_layers(decoder)(latents), decoder(latents), atol=1e-5)


@pytest.mark.parametrize("feature_shape", [(10,), (4, 5, 6)])
@pytest.mark.parametrize("noise_dim", [0, 3])
def test_generators(feature_shape, noise_dim):
    generator = shaken(InversionGenerator(feature_shape, (64, 64, 3), 0.02, 0.5, noise_dim))
    model = inversion_generator(generator)
    assert_stock(model)
    features = RANDOM.standard_normal((3, *feature_shape), np.float32)
    noise = RANDOM.standard_normal((3, noise_dim), np.float32)
    options = {"noise": noise} if noise_dim else {}
    expected = generator(features, **options)["image"].numpy()
    assert expected.min() < 0 or expected.max() > 1, "nothing is clipped"
    result = model({"features": features, **options} if noise_dim else features)
    np.testing.assert_allclose(result, np.clip(expected, 0, 1), atol=1e-5)


@pytest.mark.parametrize("layer", CHAIN.layer_names)
@pytest.mark.parametrize("size", [(64, 64), (13, 30)])
def test_comparators(layer, size):
    tensors = random_weights(CHAIN.tensor_shapes("prob"), 0)
    bytes_ = RANDOM.integers(0, 256, (3, *size, 3), np.uint8)
    kernels = kernels_from_tensors(CHAIN.layers, tensors)
    expected = features(
        CHAIN,
        tf.constant(bytes_ / 255, tf.float32),
        {name: tuple(map(tf.constant, pair)) for name, pair in kernels.items()},
        [layer],
        convolve=frozen_convolution,
        dtype=tf.float32,
    )[layer].numpy()
    network = comparator_features(CHAIN, tensors, layer, (*size, 3))
    model = embedding_of_bytes(network)
    assert_stock(model)
    np.testing.assert_allclose(model(bytes_), expected, atol=2e-5)


def test_images_that_do_not_reach_the_layer():
    tensors = random_weights(CHAIN.tensor_shapes("prob"), 0)
    with pytest.raises(InputError, match="large enough"):
        comparator_features(CHAIN, tensors, "pool1", (2, 2, 3))
