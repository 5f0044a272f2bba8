"""The generator of Table 5 of Dosovitskiy & Brox."""

import keras
import numpy as np
import pytest
from torch_leaky import TorchLayers, channels_first, channels_last, random_weights

from tfdeepsim.errors import InputError
from tfdeepsim.networks.upconv_generator import UpConvGenerator, plan
from tfdeepsim.networks.upconvolution import UpConvolution


def maps(network):
    """Kind, side and channels of every layer with maps."""
    kinds = {UpConvolution: "up", keras.layers.Conv2D: "conv", keras.layers.Reshape: "start"}
    return [
        (kinds[type(layer)], *layer.output.shape[1::2])
        for layer in network.layers
        if type(layer) in kinds
    ]


def fully_connected(network):
    return [layer.units for layer in network.layers if isinstance(layer, keras.layers.Dense)]


def test_sizes_of_table_5():
    network = UpConvGenerator((12,), (227, 227, 3), width=1 / 32)
    assert fully_connected(network) == [128, 128, 4 * 4 * 8]
    assert maps(network) == [
        *(("start", 4, 8), ("up", 8, 8), ("conv", 8, 16), ("up", 16, 8), ("conv", 16, 8)),
        *(("up", 32, 4), ("conv", 32, 4), ("up", 64, 2), ("up", 128, 1), ("up", 256, 3)),
    ]
    assert network.output_shape == (None, 227, 227, 3)


def test_full_width_at_64_pixels():
    network = UpConvGenerator((10,), (64, 64, 3))
    assert fully_connected(network) == [4096, 4096, 4096]
    assert maps(network) == [
        *(("start", 4, 256), ("up", 8, 256), ("conv", 8, 512), ("up", 16, 256), ("conv", 16, 256)),
        *(("up", 32, 128), ("conv", 32, 128), ("up", 64, 3)),
    ]
    dense = 11 * 4096 + 2 * 4097 * 4096
    up = 16 * (256 * 256 + 512 * 256 + 256 * 128 + 128 * 3) + 256 + 256 + 128 + 3
    convolutions = 9 * (256 * 512 + 256 * 256 + 128 * 128) + 512 + 256 + 128
    assert network.count_params() == dense + up + convolutions


def test_pool5_at_227_pixels():
    network = UpConvGenerator((6, 6, 256), (227, 227, 3), width=1 / 32)
    assert maps(network)[:4] == [("conv", 6, 8), ("conv", 6, 8), ("conv", 4, 8), ("up", 8, 8)]
    assert maps(network)[-1] == ("up", 256, 3)
    assert fully_connected(network) == []


@pytest.mark.parametrize(
    ("features", "image", "expected"),
    [
        ((5,), (64, 64, 3), (4, 0)),
        ((5,), (65, 64, 3), (5, 0)),
        ((5,), (4, 4, 3), (1, 0)),
        ((5,), (512, 512, 3), (7, 0)),
        ((1, 1, 256), (64, 64, 3), (4, 0)),
        ((2, 2, 256), (64, 64, 3), (5, 0)),
        ((3, 3, 256), (64, 64, 3), (5, 0)),
        ((13, 13, 256), (227, 227, 3), (5, 2)),
        ((27, 27, 64), (227, 227, 3), (4, 3)),
        ((6, 4, 8), (48, 32, 3), (3, 0)),
        ((6, 2, 8), (48, 32, 3), (4, 0)),
    ],
)
def test_plan(features, image, expected):
    assert plan(features, image) == expected


@pytest.mark.parametrize("features", [(7,), (5, 6, 2), (4, 2, 3)])
@pytest.mark.parametrize("image", [(21, 33, 1), (40, 24, 3)])
def test_any_proportions(features, image):
    network = UpConvGenerator(features, image, width=0.02)
    assert network(np.zeros((2, *features), np.float32)).shape == (2, *image)


def test_the_centre_is_kept():
    whole, cropped = (UpConvGenerator((4,), (side, side, 3), width=0.02) for side in (32, 27))
    cropped.set_weights(whole.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    np.testing.assert_array_equal(cropped(x), whole(x)[:, 2:29, 2:29])


def test_images_start_near_a_constant_and_are_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    network = UpConvGenerator((4, 4, 64), (32, 32, 3))
    generated = network(
        np.random.default_rng(0).normal(size=(2, 4, 4, 64)).astype(np.float32)
    ).numpy()
    assert generated.dtype == np.float32
    assert np.abs(generated - 0.5).mean() < 0.2
    assert generated.std() > 1e-3


def test_impossible_inputs():
    with pytest.raises(
        InputError, match=r"smaller than the image: got 8x32 for 32x32 .* at most 31x31"
    ):
        UpConvGenerator((8, 32, 3), (32, 32, 3))
    with pytest.raises(InputError, match=r"got \(8, 3\); accepted: \(n,\) or \(h, w, c\)"):
        UpConvGenerator((8, 3), (32, 32, 3))
    with pytest.raises(InputError, match=r"width .* positive: got nan"):
        UpConvGenerator((8,), (32, 32, 3), width=float("nan"))


@pytest.mark.parity
def test_parity_with_torch_from_vectors():
    torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    network = UpConvGenerator((6,), (60, 62, 3), width=0.05)
    random_weights(network)
    vectors = np.random.default_rng(1).normal(size=(2, 6)).astype(np.float32)
    layers, x = TorchLayers(torch, network), torch.from_numpy(vectors)
    for _ in range(3):
        x = layers.leaky(layers.dense(x))
    x = x.reshape(2, 4, 4, -1).permute(0, 3, 1, 2)
    for _ in range(3):
        x = layers.leaky(layers.same(layers.leaky(layers.up(x)), 3))
    expected = channels_last(layers.up(x))[:, 2:62, 1:63]
    np.testing.assert_allclose(network(vectors), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parity
def test_parity_with_torch_from_maps():
    torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    network = UpConvGenerator((6, 6, 4), (15, 16, 3), width=0.05)
    random_weights(network)
    features = np.random.default_rng(1).normal(size=(2, 6, 6, 4)).astype(np.float32)
    layers, x = TorchLayers(torch, network), channels_first(torch, features)
    x = layers.leaky(layers.same(layers.leaky(layers.same(x, 3)), 3))
    x = layers.leaky(layers.valid(x))
    x = layers.leaky(layers.same(layers.leaky(layers.up(x)), 3))
    expected = channels_last(layers.up(x))[:, :15]
    np.testing.assert_allclose(network(features), expected, rtol=1e-4, atol=1e-5)
