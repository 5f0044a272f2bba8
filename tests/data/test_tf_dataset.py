"""A split of any dataset as a `tf.data.Dataset`."""

import numpy as np
import pytest

from tfdeepsim.data.tf_dataset import open_dataset
from tfdeepsim.errors import InputError

IMAGES = np.random.default_rng(0).integers(256, size=(40, 16, 16, 3), dtype=np.uint8)


@pytest.fixture
def name(tmp_path):
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=np.arange(40) % 2)
    return f"npz:{tmp_path / 'a.npz'}"


def read(name, tmp_path, *arguments, **options):
    dataset = open_dataset(name, *arguments, data_dir=tmp_path, image_size=16, **options)
    return list(dataset.as_numpy_iterator())


def test_examples_and_batches_are_the_same_images(name, tmp_path):
    examples = read(name, tmp_path, "train")
    batches = read(name, tmp_path, "train", batch_size=10)
    assert len(examples) == 28
    assert [len(batch["image"]) for batch in batches] == [10, 10, 8]
    images = np.stack([example["image"] for example in examples])
    np.testing.assert_array_equal(images, np.concatenate([batch["image"] for batch in batches]))
    assert (images.dtype, examples[0]["label"].shape) == (np.float32, ())
    rows = [np.abs(IMAGES / np.float32(255) - image).max((1, 2, 3)).argmin() for image in images]
    assert [example["label"] for example in examples] == [row % 2 for row in rows]


def test_a_shuffled_pass_has_all_images_in_an_order_of_its_own(name, tmp_path):
    dataset = open_dataset(
        name, "train", batch_size=28, shuffle=True, data_dir=tmp_path, image_size=16
    )
    first, second = (next(iter(dataset))["image"].numpy().sum((1, 2, 3)) for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.sort(first), np.sort(second))


@pytest.mark.parametrize(("short", "split"), [("validation", "encoder_validation"), ("test",) * 2])
def test_names_of_splits(name, tmp_path, short, split):
    (one,), (other,) = (read(name, tmp_path, s, batch_size=40) for s in (short, split))
    np.testing.assert_array_equal(one["image"], other["image"])


def test_unsuitable_arguments_are_refused(name, tmp_path):
    with pytest.raises(InputError, match="unknown split: got 'dev'; accepted: train, validation"):
        read(name, tmp_path, "dev")
    with pytest.raises(InputError, match="batch_size must be 1 or more: got 0"):
        read(name, tmp_path, batch_size=0)
