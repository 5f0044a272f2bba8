"""What recipes do with generators: bytes in, bytes out."""

import numpy as np

from tfdeepsim.networks.generators import make_generator
from tfdeepsim.recipes.images import as_bytes, blend, decode, encode, reconstruct

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
GENERATOR = make_generator("dosovitskiy", (16, 16, 3), 8, False, width=0.1)


def test_bytes_are_clipped_and_rounded():
    assert as_bytes(np.float32([-1.0, 0.0, 0.5, 1.0, 7.0])).tolist() == [0, 0, 128, 255, 255]


def test_reconstruction_is_decoding_of_the_latents():
    latents = encode(GENERATOR, IMAGES)
    assert latents.shape == (3, 8)
    np.testing.assert_array_equal(reconstruct(GENERATOR, IMAGES), decode(GENERATOR, latents))


def test_a_blend_begins_and_ends_with_the_reconstructions():
    images = blend(GENERATOR, IMAGES[0], IMAGES[1], 5)
    assert images.shape == (5, 16, 16, 3)
    ends = reconstruct(GENERATOR, IMAGES[:2]).astype(int)
    assert np.abs(images[[0, -1]] - ends).max() <= 1
