"""Images of trained generators: bytes in, bytes out."""

import numpy as np

from tfdeepsim.networks.generators import make_generator
from tfdeepsim.recipes.images import decode, encode, interpolate, reconstruct

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
GENERATOR = make_generator("dosovitskiy", (16, 16, 3), 8, False, width=0.1)


def test_reconstruction_is_decoding_of_the_latents():
    latents = encode(GENERATOR, IMAGES)
    assert latents.shape == (3, 8)
    np.testing.assert_array_equal(reconstruct(GENERATOR, IMAGES), decode(GENERATOR, latents))


def test_an_interpolation_begins_and_ends_with_the_reconstructions():
    images = interpolate(GENERATOR, IMAGES[0], IMAGES[1], 5)
    assert images.shape == (5, 16, 16, 3)
    ends = reconstruct(GENERATOR, IMAGES[:2]).astype(int)
    assert np.abs(images[[0, -1]] - ends).max() <= 1


def test_images_of_more_than_one_batch():
    images = np.random.default_rng(1).integers(0, 256, (70, 16, 16, 3), np.uint8)
    latents = encode(GENERATOR, images)
    np.testing.assert_allclose(latents[:3], encode(GENERATOR, images[:3]), rtol=1e-4, atol=1e-5)
    assert reconstruct(GENERATOR, images).shape == images.shape
    assert (latents.dtype, decode(GENERATOR, latents).dtype) == (np.float32, np.uint8)
