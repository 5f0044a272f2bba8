"""Features of a network as a function of uint8 images."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from exact_pairs import flat, random_images

from tfdeepsim.batches import batch_slices
from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.inversion.features import BATCH_SIZE, Features

MANY = random_images(2 * BATCH_SIZE + 3, 4, 5)
PIXELS = Features(flat, (4, 5, 3))


def test_bytes_become_floats_from_0_to_1():
    assert (PIXELS.shape, PIXELS.image_shape) == ((60,), (4, 5, 3))
    found = PIXELS(MANY)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, MANY.reshape(-1, 60) / 255, atol=1e-7)
    assert PIXELS(np.full((1, 4, 5, 3), 255, np.uint8)).max() == 1.0


@pytest.mark.parametrize("count", [1, BATCH_SIZE - 1, BATCH_SIZE, BATCH_SIZE + 1, len(MANY)])
def test_no_row_is_lost(count):
    np.testing.assert_array_equal(PIXELS(MANY[:count]), PIXELS(MANY)[:count])
    batches = [np.arange(count)[rows] for rows in batch_slices(count, BATCH_SIZE)]
    assert np.concatenate(batches).tolist() == list(range(count))


def test_images_may_be_mapped_from_a_file(tmp_path):
    np.save(tmp_path / "images.npy", MANY)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    np.testing.assert_array_equal(PIXELS(mapped), PIXELS(MANY))


def test_features_are_computed_in_batches_of_64():
    sizes = []

    def extractor(images):
        tf.py_function(lambda count: sizes.append(int(count)), [tf.shape(images)[0]], [])
        return flat(images)

    Features(extractor, (4, 5, 3))(MANY)
    assert sizes == [64, 64, 3]


def test_the_image_shape_may_be_a_list():
    assert Features(flat, [4, 5, 3]).image_shape == (4, 5, 3)


@pytest.mark.parametrize(("layer", "shape"), [("relu2", (7, 7, 192)), ("pool5", (1, 1, 256))])
def test_a_real_network(layer, shape):
    comparator = make_comparator(f"random_alexnet:{layer}")
    features, images = Features(comparator, (64, 64, 3)), random_images(3, 64, 64)
    assert features.shape == shape
    np.testing.assert_allclose(
        features(images), comparator(np.float32(images) / 255), rtol=1e-4, atol=1e-5
    )


def test_half_precision_becomes_float32():
    features = Features(lambda images: tf.cast(flat(images), tf.bfloat16), (4, 5, 3))
    assert features(MANY[:2]).dtype == np.float32
    keras.config.set_dtype_policy("mixed_bfloat16")
    found = Features(make_comparator("random_alexnet:relu2"), (64, 64, 3))(random_images(2, 64, 64))
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("images", "got"),
    [
        (MANY[:0], r"uint8 \[0, 4, 5, 3\]"),
        (MANY[:2, :3], r"uint8 \[2, 3, 5, 3\]"),
        (MANY[0], r"uint8 \[4, 5, 3\]"),
        (MANY[:2] / 255, r"float64 \[2, 4, 5, 3\]"),
    ],
)
def test_unsuitable_images_are_refused(images, got):
    with pytest.raises(
        InputError, match=rf"got {got}; accepted: uint8 \[N, 4, 5, 3\], one row or more"
    ):
        PIXELS(images)


def test_features_of_several_layers_are_refused():
    with pytest.raises(InputError, match="features of one layer are inverted: got 2 layers"):
        Features(make_comparator("random_alexnet:relu1+relu2"), (64, 64, 3))


def test_an_error_of_the_network_is_passed_on():
    with pytest.raises(InputError, match=r"large enough for .* got 8x8 pixels"):
        Features(make_comparator("random_alexnet:relu2"), (8, 8, 3))
