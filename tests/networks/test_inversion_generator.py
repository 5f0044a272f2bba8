"""The generator from features to images."""

import keras
import numpy as np
import pytest

from tfdeepsim.comparators.spec import ARCHITECTURES
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.networks.inversion_generator import InversionGenerator, inversion_generator_of
from tfdeepsim.networks.upconvolution import UpConvolution

VECTORS = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)
MAPS = np.random.default_rng(1).normal(size=(2, 3, 2, 4)).astype(np.float32)


def of_vectors(**options):
    """A generator from vectors; equal arguments give equal weights."""
    keras.utils.set_random_seed(0)
    return InversionGenerator((5,), (15, 16, 3), width=0.02, **options)


def of_maps(**options):
    keras.utils.set_random_seed(0)
    return InversionGenerator((3, 2, 4), (16, 15, 3), width=0.02, **options)


def sides(generator, kind):
    return [layer.output.shape[1] for layer in generator.decoder.layers if type(layer) is kind]


@pytest.mark.parametrize(
    ("layer", "pixels", "features", "dense", "convolutions", "up"),
    [
        # Sec. 4.3: three convolutions in place of the fully connected layers, then Table 5 from
        # 4x4.
        ("pool5", 227, (6, 6, 256), 0, [6, 6, 4, 8, 16, 32], [8, 16, 32, 64, 128, 256]),
        ("relu6", 227, (4096,), 3, [8, 16, 32], [8, 16, 32, 64, 128, 256]),
        ("relu7", 227, (4096,), 3, [8, 16, 32], [8, 16, 32, 64, 128, 256]),
        ("fc8", 227, (1000,), 3, [8, 16, 32], [8, 16, 32, 64, 128, 256]),
        ("conv5", 64, (3, 3, 256), 0, [3, 3, 3, 6, 12, 24], [6, 12, 24, 48, 96]),
        # A map of one position is a vector.
        ("pool5", 64, (1, 1, 256), 3, [8, 16, 32], [8, 16, 32, 64]),
        ("relu6", 64, (4096,), 3, [8, 16, 32], [8, 16, 32, 64]),
    ],
)
def test_sizes_for_the_layers_of_alexnet(layer, pixels, features, dense, convolutions, up):
    assert ARCHITECTURES["alexnet"].feature_shape(layer, (pixels, pixels)) == features
    generator = InversionGenerator(features, (pixels, pixels, 3), width=1 / 256)
    assert generator.decoder.input_shape == (None, *features)
    assert generator.decoder.output_shape == (None, pixels, pixels, 3)
    assert len(sides(generator, keras.layers.Dense)) == dense
    assert sides(generator, keras.layers.Conv2D) == convolutions
    assert sides(generator, UpConvolution) == up


@pytest.mark.parametrize(("make", "features"), [(of_vectors, VECTORS), (of_maps, MAPS)])
def test_features_are_scaled(make, features):
    plain, scaled = make(), make(feature_scale=0.25)
    outputs = scaled(features)
    assert set(outputs) == {"image"}
    assert outputs["image"].shape == (2, *scaled.image_shape)
    np.testing.assert_array_equal(outputs["image"], scaled.decoder(0.25 * features))
    np.testing.assert_array_equal(outputs["image"], plain(0.25 * features)["image"])
    assert np.abs(outputs["image"] - plain(features)["image"]).max() > 1e-3


def test_noise_is_appended_to_scaled_features():
    generator, noise = of_vectors(feature_scale=4.0, noise_dim=2), np.float32([[1, -2], [3, 0]])
    for training in (False, True):
        outputs = generator(VECTORS, training=training, noise=noise)
        np.testing.assert_array_equal(outputs["noise"], noise)
        expected = generator.decoder(np.concatenate([4 * VECTORS, noise], 1))
        np.testing.assert_array_equal(outputs["image"], expected)


def test_noise_is_the_same_at_each_position_of_a_map():
    generator, noise = of_maps(feature_scale=0.5, noise_dim=3), np.float32([[1, -2, 4], [3, 0, 1]])
    everywhere = np.broadcast_to(noise[:, None, None], (2, 3, 2, 3))
    expected = generator.decoder(np.concatenate([0.5 * MAPS, everywhere], -1))
    outputs = generator(MAPS, noise=noise)
    np.testing.assert_array_equal(outputs["image"], expected)
    np.testing.assert_array_equal(outputs["noise"], noise)


@pytest.mark.parametrize(("make", "features"), [(of_vectors, VECTORS), (of_maps, MAPS)])
def test_noise_is_drawn_in_training_alone(make, features):
    generator = make(noise_dim=3)
    still = generator(features)
    np.testing.assert_array_equal(still["noise"], np.zeros((2, 3)))
    np.testing.assert_array_equal(
        still["image"], generator(features, noise=np.zeros((2, 3)))["image"]
    )
    first, second = (generator(features, training=True) for _ in range(2))
    for name in ("noise", "image"):
        assert not np.array_equal(first[name], second[name])
        assert not np.array_equal(first[name], still[name])
    assert not np.array_equal(first["noise"][0], first["noise"][1])


def test_noise_is_standard_normal():
    generator = of_vectors(noise_dim=50)
    noise = generator(np.zeros((400, 5), np.float32), training=True)["noise"].numpy()
    assert abs(noise.mean()) < 0.03
    assert abs(noise.std() - 1) < 0.03
    assert np.abs(np.corrcoef(noise.T) - np.eye(50)).max() < 0.25


def test_noise_is_seeded():
    first, same, other = (of_vectors(noise_dim=3, seed=seed) for seed in (5, 5, 6))
    draws = [
        [network(VECTORS, training=True)["noise"].numpy() for _ in range(2)]
        for network in (first, same, other)
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_only_the_decoder_has_weights():
    generator = of_maps(noise_dim=3)
    assert [v.path for v in generator.weights] == [v.path for v in generator.decoder.weights]
    # The state of the noise is not a weight, but it is restored when training is resumed.
    weights = set(map(id, generator.weights))
    (state,) = (v for v in generator.variables if id(v) not in weights)
    assert "seed_generator_state" in state.path
    plain = of_maps()
    assert len(plain.variables) == len(plain.weights)


def test_images_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    outputs = of_maps(noise_dim=3)(MAPS, training=True)
    assert {name: value.dtype.name for name, value in outputs.items()} == {
        "image": "float32",
        "noise": "float32",
    }


def test_the_generator_of_a_run():
    config = TrainConfig(task="inversion", invert="alexnet:pool5", width=0.02, noise_dim=4, seed=7)
    record = {
        "dataset": {"image_shape": [64, 48, 3]},
        "inverted": {"feature_shape": [2, 1, 6], "feature_scale": 0.125},
    }
    generator = inversion_generator_of(config, record)
    expected = {
        "feature_shape": (2, 1, 6),
        "image_shape": (64, 48, 3),
        "width": 0.02,
        "feature_scale": 0.125,
        "noise_dim": 4,
        "seed": 7,
    }
    assert {name: generator.get_config()[name] for name in expected} == expected


def test_shapes_stay_tuples():
    again = InversionGenerator.from_config({**of_maps().get_config(), "image_shape": [16, 15, 3]})
    assert (again.feature_shape, again.image_shape) == ((3, 2, 4), (16, 15, 3))


def test_a_map_as_large_as_the_image():
    with pytest.raises(InputError, match=r"smaller than the image: got 16x2 for 16x15 pixels"):
        InversionGenerator((16, 2, 4), (16, 15, 3))
