"""Arrays in NumPy archives."""

import numpy as np
import pytest

from tfdeepsim.data import describe, open_dataset
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(256, size=(40, 16, 16, 3), dtype=np.uint8)
CLASSES = np.arange(40) % 4
SAME = DataOptions(image_size=16)


@pytest.fixture
def write(tmp_path):
    """Write arrays, and return the name of the dataset."""

    def write(compressed=False, **arrays):
        path = tmp_path / "arrays.npz"
        (np.savez_compressed if compressed else np.savez)(path, **arrays)
        return f"npz:{path}"

    return write


def opened(name, tmp_path, options=SAME):
    return open_dataset(name, tmp_path / "data", options)


def rows_of(images, dataset):
    """For each split, which of `images` are in it."""
    place = {image.tobytes(): row for row, image in enumerate(images)}
    return {
        split: [place[image.tobytes()] for image in dataset.split(split).images[:]]
        for split in dataset.splits
    }


@pytest.mark.parametrize("compressed", [False, True])
def test_images_without_labels(write, tmp_path, compressed):
    dataset = opened(write(compressed, images=IMAGES), tmp_path)
    assert (dataset.task, dataset.label) == (None, None)
    rows = rows_of(IMAGES, dataset)
    assert rows["encoder_train"] == rows["probe_train"]
    assert rows["encoder_validation"] == rows["probe_validation"]
    assert sorted(rows["probe_train"] + rows["probe_validation"] + rows["test"]) == list(range(40))
    assert list(map(len, rows.values())) == [28, 4, 28, 4, 8]
    assert dataset.split("test").labels == {}


def test_integer_labels_are_classes(write, tmp_path):
    dataset = opened(write(images=IMAGES, labels=CLASSES), tmp_path)
    assert dataset.task == "classification"
    assert dataset.class_names == ()
    for split, rows in rows_of(IMAGES, dataset).items():
        np.testing.assert_array_equal(dataset.split(split).labels["label"], CLASSES[rows])


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (CLASSES[:, None].astype(np.uint8), ()),
        (CLASSES * 3 + 2, ("2", "5", "8", "11")),
        (np.array(["cat", "dog", "emu", "fox"])[CLASSES], ("cat", "dog", "emu", "fox")),
        (CLASSES > 1, ("False", "True")),
    ],
)
def test_class_ids_count_from_zero(write, tmp_path, labels, names):
    dataset = opened(write(images=IMAGES, labels=labels), tmp_path)
    rows = rows_of(IMAGES, dataset)["test"]
    ids = dataset.split("test").labels["label"]
    assert ids.dtype == np.int64
    np.testing.assert_array_equal(ids, (CLASSES > 1 if labels.dtype == bool else CLASSES)[rows])
    assert dataset.class_names == names


@pytest.mark.parametrize("shape", [(40,), (40, 1), (40, 3)])
def test_float_labels_are_regressed(write, tmp_path, shape):
    labels = RANDOM.normal(size=shape)
    dataset = opened(write(images=IMAGES, labels=labels), tmp_path)
    assert dataset.task == "regression"
    values = dataset.split("test").labels["label"]
    assert values.dtype == np.float64
    np.testing.assert_allclose(
        values, labels.reshape(40, -1)[rows_of(IMAGES, dataset)["test"]], rtol=1e-15
    )


def test_large_numbers_keep_their_precision(write, tmp_path):
    times = 1_700_000_000 + 3600.0 * np.arange(40)
    dataset = opened(write(images=IMAGES, labels=times), tmp_path)
    labels = np.concatenate([dataset.split(s).labels["label"] for s in ("probe_train", "test")])
    assert len(np.unique(labels)) == 36


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        (CLASSES, np.full(40, 4), "each class needs training images: got class '4'"),
        (CLASSES, CLASSES.astype(str), "one kind: got int64 in train, <U"),
        (np.full(40, 2.5), np.arange(40.0), "labels of train must differ: got 2.5 for all 40"),
    ],
)
def test_labels_of_the_parts_must_fit(write, tmp_path, train, test, words):
    name = write(x_train=IMAGES, y_train=train, x_test=IMAGES, y_test=test)
    with pytest.raises(InputError, match=words):
        opened(name, tmp_path)


def test_a_class_without_training_images_is_refused_in_an_array_of_splits_too(write, tmp_path):
    split = np.where(CLASSES == 3, "test", "train")
    with pytest.raises(InputError, match="each class needs training images: got class '3'"):
        opened(write(images=IMAGES, labels=CLASSES, split=split), tmp_path)


def test_integers_of_two_types_are_classes_of_one(write, tmp_path):
    arrays = {"x_train": IMAGES, "x_test": IMAGES, "y_train": CLASSES.astype(np.uint64) * 5}
    dataset = opened(write(**arrays, y_test=CLASSES * 5), tmp_path)
    assert dataset.class_names == ("0", "5", "10", "15")


def test_arrays_of_keras(write, tmp_path):
    arrays = {"x_train": IMAGES[:30, ..., 0], "y_train": CLASSES[:30]}
    arrays |= {"x_test": IMAGES[30:, ..., 0], "y_test": CLASSES[30:]}
    dataset = opened(write(**arrays), tmp_path)
    assert dataset.splits["test"] == 10
    assert dataset.splits["probe_train"] + dataset.splits["probe_validation"] == 30
    images = dataset.split("test").images[:]
    np.testing.assert_array_equal(images, np.repeat(IMAGES[30:, ..., :1], 3, axis=-1))
    np.testing.assert_array_equal(dataset.split("test").labels["label"], CLASSES[30:])


def test_an_array_of_splits(write, tmp_path):
    split = np.array(["train"] * 20 + ["validation"] * 12 + ["test"] * 8)
    dataset = opened(write(images=IMAGES, labels=CLASSES, split=split), tmp_path)
    rows = rows_of(IMAGES, dataset)
    assert rows["encoder_train"] == rows["probe_train"] == list(range(20))
    assert rows["encoder_validation"] == rows["probe_validation"] == list(range(20, 32))
    assert rows["test"] == list(range(32, 40))
    np.testing.assert_array_equal(dataset.split("test").labels["label"], CLASSES[32:])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_floats_become_bytes(write, tmp_path, dtype):
    dataset = opened(write(images=(IMAGES / 255).astype(dtype)), tmp_path)
    rows = rows_of(IMAGES, opened(write(images=IMAGES), tmp_path))["test"]
    dataset = opened(write(images=(IMAGES / 255).astype(dtype)), tmp_path)
    np.testing.assert_array_equal(dataset.split("test").images[:], IMAGES[rows])


@pytest.mark.parametrize(("side", "expected"), [(16, 64), (64, 64), (70, 64), (80, 80)])
def test_the_side_is_the_images_own_if_encoders_take_it(write, tmp_path, side, expected):
    name = write(images=np.zeros((5, side, side, 3), np.uint8))
    assert describe(name, tmp_path).image_shape == (expected, expected, 3)
    assert open_dataset(name, tmp_path).split("test").images.shape[1:] == (expected, expected, 3)


def test_describing_reads_no_images(write, tmp_path, monkeypatch):
    name = write(images=IMAGES, labels=CLASSES)
    read = []
    load = np.lib.npyio.NpzFile.__getitem__
    monkeypatch.setattr(
        np.lib.npyio.NpzFile, "__getitem__", lambda self, key: read.append(key) or load(self, key)
    )
    described = describe(name, tmp_path, SAME)
    assert read == ["labels"]
    assert described.splits == opened(name, tmp_path).splits
    assert described.ready


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": IMAGES}, "with pictures; accepted: images"),
        ({}, "with nothing; accepted: images"),
        ({"x_test": IMAGES}, "x_test; accepted: images"),
        ({"images": IMAGES.astype(np.int64)}, "images must be images: got int64"),
        ({"images": IMAGES[0, 0]}, r"accepted: uint8, or floats in \[0, 1\]"),
        ({"images": IMAGES[..., :2]}, r"got uint8 \[40, 16, 16, 2\]"),
        ({"images": IMAGES[:0]}, r"with images \[0, 16, 16, 3\]"),
        ({"images": np.array([IMAGES, None], object)}, "objects, which only pickle could read"),
        ({"images": IMAGES, "labels": CLASSES[1:]}, r"labels \[39\] for 40 images"),
        ({"images": IMAGES, "labels": np.float32(3)}, r"labels \[\] for 40 images"),
        (
            {"images": IMAGES, "labels": np.array([None] * 40)},
            "labels must be readable without pickle",
        ),
        ({"images": IMAGES, "labels": CLASSES - 1}, "class ids must not be negative: got -1"),
        ({"images": IMAGES, "labels": CLASSES * 0}, "must be two or more: got one class only, '0'"),
        (
            {"images": IMAGES, "labels": np.where(CLASSES, 0.5, np.nan)},
            "finite: got .nan. at example 0",
        ),
        ({"images": IMAGES, "labels": CLASSES * 1j}, "class ids or numbers: got complex128"),
        ({"images": IMAGES, "labels": np.eye(40, dtype=int)}, r"got int64 \[40, 40\]"),
        (
            {"images": IMAGES, "labels": np.where(np.arange(40) == 7, 9, CLASSES)},
            "class '9' with 1",
        ),
        (
            {"images": IMAGES, "split": np.array(["train"] * 39)},
            "the array split must name a split for each image",
        ),
        (
            {"images": IMAGES, "split": np.array(["learn"] * 40)},
            "the array split must name a split for each image",
        ),
        ({"x_train": IMAGES, "y_train": CLASSES, "x_test": IMAGES}, "y_train without y_test"),
        ({"x_train": IMAGES, "x_test": IMAGES[:, :8]}, "images of different sizes"),
        (
            {"x_train": IMAGES, "y_train": CLASSES, "x_test": IMAGES, "y_test": CLASSES / 2},
            "labels of all splits must be of one kind",
        ),
    ],
)
def test_unsuitable_arrays_end_in_one_line(write, tmp_path, arrays, message):
    name = write(**arrays)
    for ask in (describe, open_dataset):
        with pytest.raises(InputError, match=message):
            ask(name, tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1.5, -0.1])
def test_floats_beyond_zero_to_one_are_refused(write, tmp_path, value):
    images = (IMAGES / 255).astype(np.float32)
    images[3, 2, 1, 0] = value
    with pytest.raises(InputError, match=r"floats in images must lie in \[0, 1\].*at image 3"):
        opened(write(images=images), tmp_path).split("test")


def test_files_that_are_not_archives_are_refused(tmp_path):
    np.save(tmp_path / "array.npy", IMAGES)
    (tmp_path / "text.npz").write_text("hello")
    for name in ("array.npy", "text.npz", "none.npz", "."):
        for ask in (describe, open_dataset):
            with pytest.raises(InputError, match="npz:FILE"):
                ask(f"npz:{tmp_path / name}", tmp_path)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_archive_ends_in_one_line(write, tmp_path, compressed):
    name = write(compressed, images=IMAGES)
    path = tmp_path / "arrays.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(
        InputError, match=r"images must be readable without pickle: got .*; accepted: plain"
    ):
        opened(name, tmp_path).split("test")
    path.write_bytes(data[:1000])
    with pytest.raises(InputError, match="npz:FILE is a NumPy archive"):
        opened(name, tmp_path)


def test_arrays_that_do_not_fit_into_memory_are_refused(write, tmp_path, monkeypatch):
    from tfdeepsim.data import npz

    monkeypatch.setattr(npz, "fits_in_memory", lambda size: size < 1000)
    with pytest.raises(InputError, match="arrays are read into memory"):
        opened(write(images=IMAGES), tmp_path).split("test")


def test_shares_are_refused_if_the_archive_has_all_splits(write, tmp_path):
    split = np.array(["train"] * 20 + ["validation"] * 12 + ["test"] * 8)
    with pytest.raises(InputError, match="--split is for datasets without splits of their own"):
        opened(write(images=IMAGES, split=split), tmp_path, DataOptions(split="80/20"))
    with pytest.raises(InputError, match="--split gives the shares of three splits"):
        opened(write(images=IMAGES), tmp_path, DataOptions(split="80/20"))
