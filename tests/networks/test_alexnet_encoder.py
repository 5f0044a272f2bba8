"""AlexNet as an encoder."""

import keras
import numpy as np
import pytest
from torch_leaky import TorchLayers, channels_first, channels_last, random_weights

from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.errors import InputError
from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder
from tfdeepsim.networks.imagenet import IMAGENET_MEAN, IMAGENET_STD


def map_shapes(encoder):
    kinds = (keras.layers.Conv2D, keras.layers.MaxPooling2D)
    return [layer.output.shape[1:] for layer in encoder.layers if isinstance(layer, kinds)]


@pytest.mark.parametrize("side", [63, 64, 227])
def test_maps_are_those_of_the_comparator(side):
    names = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")
    expected = [(*ALEXNET.feature_shape(name, (side, side)),) for name in names]
    encoder = AlexNetEncoder((side, side, 3), 2)
    assert [tuple(shape) for shape in map_shapes(encoder)] == expected
    assert expected[-1] == ((6, 6, 256) if side == 227 else (1, 1, 256))


def test_weights_counted_by_hand():
    convolutions = 121 * 3 * 64 + 25 * 64 * 192 + 9 * (192 * 384 + 384 * 256 + 256 * 256)
    convolutions += 64 + 192 + 384 + 256 + 256
    assert AlexNetEncoder((64, 64, 3), 10).count_params() == convolutions + 257 * 10
    assert (
        AlexNetEncoder((64, 64, 3), 10, variational=True).count_params()
        == convolutions + 2 * 257 * 10
    )


def test_width():
    channels = [shape[-1] for shape in map_shapes(AlexNetEncoder((64, 64, 3), 5, width=1 / 16))]
    assert channels == [4, 4, 12, 12, 24, 16, 16, 16]


def test_posterior_starts_near_unit_variance():
    encoder = AlexNetEncoder((64, 64, 3), 100, variational=True)
    generated = encoder(np.random.default_rng(0).random((4, 64, 64, 3), np.float32))
    assert np.abs(generated["log_variance"]).max() < 1
    assert np.std(generated["latent"]) > 0.1


def test_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    generated = AlexNetEncoder((63, 63, 3), 3, True, 0.02)(np.zeros((2, 63, 63, 3), np.float32))
    assert {key: value.dtype.name for key, value in generated.items()} == {
        "latent": "float32",
        "log_variance": "float32",
    }


def test_smallest_image():
    for shape in ((62, 64, 3), (100, 62, 3)):
        with pytest.raises(InputError, match=r"too small .*: got .*62.*; accepted: 63 or more"):
            AlexNetEncoder(shape, 3)


def test_as_trained_has_plain_relus_and_scaled_pixels():
    plain, leaky = (AlexNetEncoder((64, 64, 3), 5, width=0.1, as_trained=x) for x in (True, False))
    slopes = [
        {layer.negative_slope for layer in encoder.layers if hasattr(layer, "negative_slope")}
        for encoder in (plain, leaky)
    ]
    assert slopes == [{0.0}, {0.3}]
    images = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    first = plain.convolutions[0]
    padded = keras.Model(plain.input, first.input)(images).numpy()
    scaled = (images - np.float32(IMAGENET_MEAN)) / np.float32(IMAGENET_STD)
    np.testing.assert_allclose(padded[:, 2:-2, 2:-2], scaled, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(padded[:, :2], 0.0)
    np.testing.assert_array_equal(
        keras.Model(leaky.input, leaky.convolutions[0].input)(images)[:, 2:-2, 2:-2], images
    )


def test_as_trained_scales_unrounded_pixels_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    encoder = AlexNetEncoder((64, 64, 3), 5, width=0.1, as_trained=True)
    assert encoder.layers[1].compute_dtype == "float32"
    assert encoder.convolutions[0].compute_dtype == "bfloat16"


def test_a_saved_encoder_keeps_its_form(tmp_path):
    """Also one that was saved before there were two forms."""
    encoder = AlexNetEncoder((64, 64, 3), 5, width=0.1, as_trained=True)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    images = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    np.testing.assert_array_equal(loaded(images)["latent"], encoder(images)["latent"])
    config = AlexNetEncoder((64, 64, 3), 5, width=0.1).get_config()
    del config["as_trained"]
    assert AlexNetEncoder.from_config(config).as_trained is False


def test_as_trained_takes_colour_images_alone():
    with pytest.raises(InputError, match="colour images: got 1 channels; accepted: 3"):
        AlexNetEncoder((64, 64, 1), 5, as_trained=True)


@pytest.mark.parity
def test_parity_with_torch():
    torch = pytest.importorskip("torch", reason="compares with PyTorch: pip install -e '.[parity]'")
    encoder = AlexNetEncoder((95, 70, 3), 5, width=0.05)
    random_weights(encoder)
    images = np.random.default_rng(1).random((2, 95, 70, 3), np.float32)
    layers, x = TorchLayers(torch, encoder), channels_first(torch, images)
    pool = torch.nn.MaxPool2d(3, 2)
    x = pool(layers.leaky(layers.valid(torch.nn.functional.pad(x, (2, 2, 2, 2)), 4)))
    x = pool(layers.leaky(layers.same(x, 5)))
    for _ in range(3):
        x = layers.leaky(layers.same(x, 3))
    latent = layers.dense(torch.from_numpy(channels_last(pool(x)).reshape(2, -1)))
    np.testing.assert_allclose(encoder(images)["latent"], latent, rtol=1e-4, atol=1e-5)
