"""Embedding batch by batch."""

import threading

import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.batches import batch_size_of
from tfdeepsim.embed import embed_batches, load_encoder
from tfdeepsim.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (23, 4, 4, 3), np.uint8)


def first_pixel(images):
    return images[:, 0, 0].astype(np.float32)


@pytest.mark.parametrize("batch_size", [1, 5, 23, 100])
def test_embeddings_keep_the_order_of_images(batch_size):
    batches = list(embed_batches(first_pixel, IMAGES, batch_size))
    assert [len(batch) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
    np.testing.assert_array_equal(np.concatenate(batches), first_pixel(IMAGES))


def test_two_batches_are_in_work_at_once():
    both = threading.Barrier(2, timeout=30)

    def encode(images):
        both.wait()
        return first_pixel(images)

    assert len(list(embed_batches(encode, IMAGES[:20], 5))) == 4


def test_only_a_few_batches_are_read_ahead():
    read = []

    class Reading:
        def __len__(self):
            return 1000

        def __getitem__(self, rows):
            read.append(rows)
            return IMAGES[:1]

    batches = embed_batches(first_pixel, Reading(), 1)
    next(batches)
    batches.close()
    assert len(read) <= 3


@pytest.mark.parametrize("content", [b"", b"null"])
def test_a_damaged_encoder_is_one_line(content, tmp_path):
    module = tf.Module()
    module.number = tf.Variable(7.0)
    tf.saved_model.save(module, str(tmp_path))
    for part in (tmp_path / "variables").glob("*.data*"):
        part.write_bytes(content)
    with pytest.raises(InputError, match="an encoder is a SavedModel"):
        load_encoder(tmp_path)


def test_no_images():
    assert list(embed_batches(first_pixel, IMAGES[:0], 5)) == []


def test_an_error_of_the_encoder_is_not_lost():
    def encode(images):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(embed_batches(encode, IMAGES, 5))


def test_batches_of_large_images_are_smaller():
    assert batch_size_of((64, 64, 3)) == 256
    assert batch_size_of((32, 32, 3)) == 256
    assert batch_size_of((256, 256, 3)) == 16
    assert batch_size_of((4096, 4096, 3)) == 1
