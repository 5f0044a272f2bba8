"""SVHN from files in the official format, which the tests write with SciPy."""

import numpy as np
import pytest
import scipy.io

from tfdeepsim.data import describe, open_dataset
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

COUNTS = {"extra": 60, "train": 40, "test": 20}


def images_of(raw_split):
    return np.random.default_rng(len(raw_split)).integers(
        256, size=(COUNTS[raw_split], 32, 32, 3), dtype=np.uint8
    )


def digits_of(raw_split):
    return np.arange(COUNTS[raw_split]) % 10


def write(folder, *, compressed=True, leave_out=(), **changed):
    folder.mkdir(parents=True, exist_ok=True)
    for raw_split in set(COUNTS) - set(leave_out):
        digits = digits_of(raw_split)
        arrays = {
            "X": np.moveaxis(images_of(raw_split), 0, 3),
            "y": np.where(digits == 0, 10, digits).astype(np.uint8)[:, None],
        }
        arrays |= changed.get(raw_split, {})
        arrays = {name: array for name, array in arrays.items() if array is not None}
        scipy.io.savemat(folder / f"{raw_split}_32x32.mat", arrays, do_compression=compressed)
    return folder


@pytest.mark.parametrize("compressed", [True, False])
def test_images_and_digits_are_read(tmp_path, compressed):
    dataset = open_dataset(
        "svhn", write(tmp_path, compressed=compressed), DataOptions(image_size=32)
    )
    split = dataset.split("test")
    np.testing.assert_array_equal(split.images[:], images_of("test"))
    np.testing.assert_array_equal(split.labels["label"], digits_of("test"))
    assert dataset.task == "classification"


def test_splits_are_those_of_the_paper(tmp_path):
    dataset = open_dataset("svhn", write(tmp_path / "svhn").parent)
    assert dataset.splits == {
        "encoder_train": 50,
        "encoder_validation": 10,
        "probe_train": 30,
        "probe_validation": 10,
        "test": 20,
    }
    described = describe("svhn", tmp_path)
    assert described.splits == dataset.splits
    assert described.ready
    assert described.folder == tmp_path / "svhn"


@pytest.mark.parametrize("resize", ["bilinear", "tile", "reflect"])
def test_images_become_64_pixels(tmp_path, resize):
    write(tmp_path)
    images = open_dataset("svhn", tmp_path, DataOptions(resize=resize)).split("test").images
    assert images.shape == (20, 64, 64, 3)
    small = images_of("test")
    if resize == "tile":
        np.testing.assert_array_equal(images[:], np.tile(small, (1, 2, 2, 1)))
    elif resize == "reflect":
        np.testing.assert_array_equal(images[:][:, 16:48, 16:48], small)
    else:
        assert abs(images[:].astype(float).mean() - small.mean()) < 3


@pytest.mark.parametrize("cache", ["auto", "memory", "disk", "none"])
def test_images_are_the_same_with_every_cache(tmp_path, cache):
    write(tmp_path)
    expected = open_dataset("svhn", tmp_path).split("probe_train", "memory").images[:]
    images = open_dataset("svhn", tmp_path).split("probe_train", cache).images
    np.testing.assert_array_equal(images[:], expected)


def test_without_extra_images_encoders_learn_from_the_training_images(tmp_path):
    write(tmp_path / "svhn", leave_out=["extra"])
    dataset = open_dataset("svhn", tmp_path)
    first, second = (dataset.split(f"{who}_train").images[:] for who in ("encoder", "probe"))
    np.testing.assert_array_equal(first, second)
    assert describe("svhn", tmp_path).note.endswith("not from extra")


@pytest.mark.parametrize("missing", ["train", "test"])
def test_a_missing_file_is_named_with_its_place(tmp_path, missing):
    write(tmp_path / "svhn", leave_out=[missing])
    for ask in (describe, open_dataset):
        with pytest.raises(InputError, match=rf"svhn without {missing}_32x32\.mat"):
            ask("svhn", tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": None}, "X .*; accepted"),
        ({"X": None}, r"y \[40, 1\]"),
        ({"y": np.ones((39, 1), np.uint8)}, "39 labels for 40 images"),
        ({"y": np.full((40, 1), 11, np.uint8)}, "labels 11 to 11"),
        ({"X": np.zeros((28, 28, 3, 40), np.uint8)}, r"X \[28, 28, 3, 40\]"),
    ],
)
def test_files_of_other_data_end_in_one_line(tmp_path, change, message):
    write(tmp_path, train=change)
    for ask in (describe, open_dataset):
        with pytest.raises(InputError, match=message):
            ask("svhn", tmp_path)


def test_pixels_must_be_bytes(tmp_path):
    write(tmp_path, test={"X": np.zeros((32, 32, 3, 20))})
    with pytest.raises(InputError, match="X of float64"):
        open_dataset("svhn", tmp_path).split("test")


@pytest.mark.parametrize("compressed", [True, False])
def test_a_truncated_file_ends_in_one_line_wherever_it_is_cut(tmp_path, compressed):
    whole = (write(tmp_path / "whole", compressed=compressed) / "test_32x32.mat").read_bytes()
    write(tmp_path / "cut")
    for length in np.linspace(0, len(whole) - 100, 25).astype(int):
        (tmp_path / "cut" / "test_32x32.mat").write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"test_32x32\.mat"):
            open_dataset("svhn", tmp_path / "cut").split("test")


def test_the_fingerprint_changes_with_pixels_and_resizing(tmp_path):
    write(tmp_path / "a")
    write(tmp_path / "b", extra={"X": np.zeros((32, 32, 3, 60), np.uint8)})
    options = [DataOptions(), DataOptions(resize="tile")]
    prints = {
        open_dataset("svhn", tmp_path / name, each).fingerprint for name in "ab" for each in options
    }
    assert len(prints) == 4
    assert open_dataset("svhn", tmp_path / "a").fingerprint in prints
