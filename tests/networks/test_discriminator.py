"""The discriminator of Table 1 of Dosovitskiy & Brox."""

import keras
import numpy as np
import pytest
from torch_leaky import TorchLayers, channels_first, random_weights

from tfdeepsim.errors import InputError
from tfdeepsim.networks.discriminator import Discriminator


def maps(network):
    """Side, channels and kernel of every convolution."""
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    return [(*layer.output.shape[2:], layer.kernel_size[0]) for layer in layers]


def units(network):
    return [layer.units for layer in network.layers if isinstance(layer, keras.layers.Dense)]


def test_sizes_of_table_1():
    network = Discriminator()
    assert maps(network) == [(29, 32, 7), (25, 64, 5), (12, 128, 3), (10, 256, 3), (4, 256, 3)]
    assert units(network) == [512, 2]
    kernels = (
        49 * 3 * 32 + 25 * 32 * 64 + 9 * (64 * 128 + 128 * 256 + 256 * 256) + 256 * 512 + 512 * 2
    )
    assert network.count_params() == kernels + 32 + 64 + 128 + 256 + 256 + 512 + 2


def test_conditional_sizes():
    network = Discriminator(feature_shape=(3, 2, 5))
    assert sorted(units(network)) == [2, 512, 512, 1024]
    added = 31 * 1024 + 1025 * 512 + 512 * 512
    assert network.count_params() == Discriminator().count_params() + added


def test_large_images_have_stride_4():
    assert [side for side, *_ in maps(Discriminator((227, 227, 3), width=0.1))] == [
        56,
        52,
        25,
        23,
        11,
    ]
    assert maps(Discriminator((128, 128, 3), width=0.1))[0][0] == 31
    assert maps(Discriminator((127, 300, 3), width=0.1))[0][0] == 147


def test_width():
    network = Discriminator(feature_shape=(4,), width=1 / 64)
    assert [channels for _, channels, _ in maps(network)] == [1, 1, 2, 4, 4]
    assert sorted(units(network)) == [2, 8, 8, 16]


def test_smallest_image():
    assert maps(Discriminator((35, 40, 1), width=0.1))[-1][0] == 1
    for shape in ((34, 64, 3), (64, 34, 3)):
        with pytest.raises(InputError, match=r"too small .*: got .*34.*; accepted: 35 or more"):
            Discriminator(shape)


def test_dropout_in_training_only_and_seeded():
    images = np.random.default_rng(0).random((4, 36, 36, 3), np.float32)
    first, second, other = (Discriminator((36, 36, 3), width=0.2, seed=seed) for seed in (5, 5, 6))
    for network in (second, other):
        network.set_weights(first.get_weights())
    np.testing.assert_array_equal(first(images), second(images))
    noisy = [network(images, training=True).numpy() for network in (first, second, other)]
    np.testing.assert_array_equal(noisy[0], noisy[1])
    assert np.abs(noisy[0] - noisy[2]).max() > 1e-4
    assert np.abs(noisy[0] - first(images, training=True)).max() > 1e-4


def test_two_dropouts_with_their_own_seeds():
    drops = [
        layer for layer in Discriminator(seed=3).layers if isinstance(layer, keras.layers.Dropout)
    ]
    assert [drop.rate for drop in drops] == [0.5, 0.5]
    assert drops[0].seed != drops[1].seed


def test_condition_is_not_dropped_and_counts():
    network = Discriminator((36, 36, 3), (5,), width=0.1)
    images = np.random.default_rng(0).random((2, 36, 36, 3), np.float32)
    features = np.random.default_rng(1).normal(size=(2, 5)).astype(np.float32)
    assert np.abs(network([images, features]) - network([images, -features])).max() > 1e-3
    join = next(layer for layer in network.layers if isinstance(layer, keras.layers.Concatenate))
    joined = keras.Model(network.inputs, join.output)
    dropped, kept = (
        joined([images, features], training=training).numpy() for training in (True, False)
    )
    pooled = 26
    np.testing.assert_array_equal(dropped[:, pooled:], kept[:, pooled:])
    gone = dropped[:, :pooled] == 0
    np.testing.assert_allclose(
        dropped[:, :pooled], np.where(gone, 0, 2 * kept[:, :pooled]), rtol=1e-5
    )
    assert gone.any()


@pytest.mark.parametrize("feature_shape", [(5,), (2, 3, 4)])
def test_features_are_scaled(feature_shape):
    plain = Discriminator((36, 36, 3), feature_shape, width=0.1)
    scaled = Discriminator((36, 36, 3), feature_shape, width=0.1, feature_scale=0.25)
    scaled.set_weights(plain.get_weights())
    images = np.random.default_rng(0).random((2, 36, 36, 3), np.float32)
    features = np.random.default_rng(1).normal(size=(2, *feature_shape)).astype(np.float32)
    np.testing.assert_array_equal(scaled([images, features]), plain([images, 0.25 * features]))
    assert np.abs(scaled([images, features]) - plain([images, features])).max() > 1e-3


def test_logits_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    assert (
        Discriminator((36, 36, 3), width=0.1)(np.zeros((2, 36, 36, 3), np.float32)).dtype
        == "float32"
    )


@pytest.mark.parity
@pytest.mark.parametrize("feature_shape", [None, (7,), (2, 3, 2)])
def test_parity_with_torch(feature_shape):
    torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    network = Discriminator((64, 45, 3), feature_shape, width=0.1)
    random_weights(network)
    generator = np.random.default_rng(1)
    images = generator.random((2, 64, 45, 3), np.float32)
    features = generator.normal(size=(2, *(feature_shape or (1,)))).astype(np.float32)
    # Keras orders weights across branches in its own way, so they are taken layer by layer.
    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    by_units = {tuple(layer.kernel.shape): TorchLayers(torch, layer) for layer in dense}
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    x = channels_first(torch, images)
    for layer, stride in zip(convolutions, (2, 1, 2, 1, 2), strict=True):
        layers = TorchLayers(torch, layer)
        x = layers.leaky(layers.valid(x, stride))
    x = x.mean((2, 3))
    if feature_shape is not None:
        y = torch.from_numpy(features.reshape(2, -1))
        for shape in ((y.shape[1], 102), (102, 51)):
            y = layers.leaky(by_units[shape].dense(y))
        x = torch.cat([x, y], 1)
    x = layers.leaky(by_units[x.shape[1], 51].dense(x))
    expected = by_units[51, 2].dense(x)
    inputs = images if feature_shape is None else [images, features]
    np.testing.assert_allclose(network(inputs), expected, rtol=1e-4, atol=1e-5)
