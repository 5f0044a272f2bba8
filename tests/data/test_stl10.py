"""STL-10 from files in the official binary layout, which the tests write."""

import gzip
import io
import tarfile

import numpy as np
import pytest

from tfdeepsim.data import describe, open_dataset
from tfdeepsim.data.dataset import SPLITS
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

COUNTS = {"train": 40, "test": 20, "unlabeled": 30}
NAMES = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]


def images_of(raw_split):
    """uint8 [N, 96, 96, 3], as one sees them."""
    return np.random.default_rng(len(raw_split)).integers(
        256, size=(COUNTS[raw_split], 96, 96, 3), dtype=np.uint8
    )


def labels_of(raw_split):
    return np.arange(COUNTS[raw_split], dtype=np.uint8) % 10


def binary_files():
    """Contents of the files by name: planes after each other, each column by column; labels from 1
    on."""
    files = {
        f"{raw_split}_X.bin": images_of(raw_split).transpose(0, 3, 2, 1).tobytes()
        for raw_split in COUNTS
    }
    files |= {
        f"{raw_split}_y.bin": (labels_of(raw_split) + 1).tobytes()
        for raw_split in ("train", "test")
    }
    files["class_names.txt"] = "\n".join(NAMES).encode() + b"\n"
    folds = np.arange(40).reshape(10, 4)
    files["fold_indices.txt"] = (
        "\n".join(" ".join(map(str, fold)) for fold in folds).encode() + b"\n"
    )
    return files


def write_folder(folder, files=None):
    folder.mkdir(parents=True)
    for name, data in (files or binary_files()).items():
        (folder / name).write_bytes(data)
    return folder


def write_archive(path, files=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, data in (files or binary_files()).items():
            member = tarfile.TarInfo(f"stl10_binary/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture
def raw(tmp_path):
    write_folder(tmp_path / "stl10_binary")
    return tmp_path


def test_images_stand_upright_and_labels_count_from_zero(raw):
    dataset = open_dataset("stl10", raw)
    split = dataset.split("test")
    np.testing.assert_array_equal(split.images[:], images_of("test"))
    np.testing.assert_array_equal(split.labels["label"], labels_of("test"))
    assert dataset.class_names == tuple(NAMES)
    assert (dataset.task, dataset.label) == ("classification", "label")
    assert dataset.image_shape == (96, 96, 3)


def test_splits_are_those_of_the_paper(raw):
    dataset = open_dataset("stl10", raw)
    assert dataset.splits == {
        "encoder_train": 27,
        "encoder_validation": 3,
        "probe_train": 30,
        "probe_validation": 10,
        "test": 20,
    }
    assert tuple(dataset.splits) == SPLITS
    for pair, raw_split in (("encoder", "unlabeled"), ("probe", "train")):
        images = [dataset.split(f"{pair}_{split}").images[:] for split in ("train", "validation")]
        together = {image.tobytes() for image in np.concatenate(images)}
        assert together == {image.tobytes() for image in images_of(raw_split)}
    assert dataset.split("encoder_train").labels == {}
    for split in ("probe_train", "probe_validation"):  # the same share of each class
        assert len(set(np.bincount(dataset.split(split).labels["label"]))) == 1


@pytest.mark.parametrize("where", ["", "manual", "downloads/manual"])
def test_the_folder_is_found_where_tfds_would_look_too(tmp_path, where):
    write_folder(tmp_path / where / "stl10_binary")
    described = describe("stl10", tmp_path)
    assert described.folder == tmp_path / where / "stl10_binary"
    assert described.ready
    assert described.splits == open_dataset("stl10", tmp_path).splits


def test_the_data_folder_itself_may_hold_the_files(tmp_path):
    assert describe("stl10", write_folder(tmp_path / "mine")).splits["test"] == 20


@pytest.mark.parametrize("packed", [False, True])
def test_without_unlabeled_images_encoders_learn_from_the_training_images(tmp_path, packed):
    files = {name: data for name, data in binary_files().items() if name != "unlabeled_X.bin"}
    if packed:
        write_archive(tmp_path / "stl10_binary.tar.gz", files)
        open_dataset("stl10", tmp_path)  # which extracts it
    else:
        write_folder(tmp_path / "stl10_binary", files)
    dataset = open_dataset("stl10", tmp_path)
    assert dataset.splits == dict(zip(SPLITS, (30, 10, 30, 10, 20), strict=True))
    first, second = (dataset.split(f"{who}_train").images[:] for who in ("encoder", "probe"))
    np.testing.assert_array_equal(first, second)
    assert dataset.folds()[0].tolist() == [0, 1, 2, 3]
    if not packed:
        note = describe("stl10", tmp_path).note
        assert note == "encoders learn from train without its labels, not from unlabeled"


def test_the_part_that_encoders_learn_from_can_be_chosen(raw):
    options = {part: DataOptions(dataset="stl10", encoder_part=part) for part in ("train", "extra")}
    dataset = open_dataset("stl10", raw, options["train"])
    assert dataset.splits["encoder_train"] == dataset.splits["probe_train"]
    assert open_dataset("stl10", raw).fingerprint != dataset.fingerprint
    assert describe("stl10", raw).note == ""
    with pytest.raises(InputError, match="got extra; accepted: unlabeled, train"):
        open_dataset("stl10", raw, options["extra"])
    with pytest.raises(InputError, match="for STL-10 and SVHN: got --encoder-part train with llv2"):
        DataOptions(encoder_part="train")


def test_images_are_mapped_and_not_read_into_memory(raw):
    images = open_dataset("stl10", raw).raw_split("unlabeled").images
    assert isinstance(images, np.memmap)
    assert not (raw / "decoded").exists()
    assert not isinstance(
        open_dataset("stl10", raw).raw_split("unlabeled", "memory").images, np.memmap
    )


@pytest.mark.parametrize("cache", ["auto", "memory", "disk", "none"])
def test_resized_images_are_the_same_with_every_cache(raw, cache):
    options = DataOptions(image_size=64)
    expected = open_dataset("stl10", raw, options).split("test", "memory").images[:]
    images = open_dataset("stl10", raw, options).split("test", cache).images
    assert images.shape == (20, 64, 64, 3)
    np.testing.assert_array_equal(images[:], expected)
    np.testing.assert_array_equal(images[np.array([3, 1])], expected[[3, 1]])
    np.testing.assert_array_equal(images[5], expected[5])


def test_archive_and_folder_are_the_same_data(raw, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    write_archive(other / "downloads" / "manual" / "stl10_binary.tar.gz")
    described = describe("stl10", other)
    assert not described.ready
    assert described.splits["test"] == 8000  # what is in it is not known without reading it all
    first, second = open_dataset("stl10", raw), open_dataset("stl10", other)
    assert first.fingerprint == second.fingerprint
    np.testing.assert_array_equal(
        first.split("probe_train").images[:], second.split("probe_train").images[:]
    )


def test_the_archive_is_extracted_once(tmp_path, capsys):
    write_archive(tmp_path / "stl10_binary.tar.gz")
    open_dataset("stl10", tmp_path)
    assert "Extracting" in capsys.readouterr().err
    open_dataset("stl10", tmp_path)
    assert capsys.readouterr().err == ""


def test_nothing_of_an_archive_is_written_outside_its_folder(tmp_path):
    files = {**binary_files(), "../../../evil.bin": b"x", "../train_X.bin": b"y"}
    write_archive(tmp_path / "data" / "stl10_binary.tar.gz", files)
    dataset = open_dataset("stl10", tmp_path / "data")
    assert dataset.splits["test"] == 20
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert {path.name for path in dataset.folder.iterdir()} == set(binary_files())


def truncated(data):
    return data[: len(data) // 2]


def wrong_sum(data):
    return data[:-8] + bytes([data[-8] ^ 1]) + data[-7:]


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage", [truncated, wrong_sum, flipped, lambda data: b"no archive", lambda data: b""]
)
def test_a_damaged_archive_ends_in_one_line_and_leaves_nothing(tmp_path, damage):
    path = write_archive(tmp_path / "stl10_binary.tar.gz")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"stl10_binary.tar.gz must be whole"):
        open_dataset("stl10", tmp_path)
    assert [path.name for path in (tmp_path / "decoded").iterdir() if path.is_dir()] == []


def test_an_archive_of_other_files_is_refused(tmp_path):
    path = tmp_path / "stl10_binary.tar.gz"
    with gzip.open(path, "wb") as file, tarfile.open(fileobj=file, mode="w|") as tar:
        tar.addfile(tarfile.TarInfo("readme"))
    with pytest.raises(InputError, match=r"without train_X\.bin"):
        open_dataset("stl10", tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("train_X.bin", lambda data: data[:-1], "27,648 bytes each.*train_X.bin"),
        ("unlabeled_X.bin", lambda data: b"", "27,648 bytes each.*0 bytes"),
        ("test_X.bin", lambda data: data[:-27648], "a label for each image.*20 in .*for 19 images"),
        ("train_y.bin", lambda data: data[:-1], "a label for each image.*39 in .*for 40 images"),
        ("train_y.bin", lambda data: b"\x00" + data[1:], "labels are 1 to 10.*0 to 10"),
        ("test_y.bin", lambda data: b"\x0b" + data[1:], "labels are 1 to 10.*1 to 11"),
        ("test_X.bin", None, "without test_X.bin"),
    ],
)
def test_files_of_wrong_lengths_or_labels_end_in_one_line(tmp_path, name, change, message):
    files = binary_files()
    data = files.pop(name)
    write_folder(
        tmp_path / "stl10_binary", files if change is None else {**files, name: change(data)}
    )
    for ask in (describe, open_dataset):
        with pytest.raises(InputError, match=message):
            ask("stl10", tmp_path)


def test_folds_are_rows_of_the_training_images(raw):
    folds = open_dataset("stl10", raw).folds()
    np.testing.assert_array_equal(np.stack(folds), np.arange(40).reshape(10, 4))


@pytest.mark.parametrize("text", [None, "1 2\n", "1 2\n" * 9 + "1 40\n", "1 x\n" * 10])
def test_folds_that_cannot_be_read_are_refused(tmp_path, text):
    files = binary_files()
    files["fold_indices.txt"] = (text or "").encode()
    folder = write_folder(tmp_path / "stl10_binary", files)
    if text is None:
        (folder / "fold_indices.txt").unlink()
    with pytest.raises(InputError, match="folds of STL-10 must be readable"):
        open_dataset("stl10", tmp_path).folds()


def test_the_fingerprint_changes_with_images_labels_size_and_splits(raw, tmp_path_factory):
    def fingerprint(options=None, **files):
        folder = tmp_path_factory.mktemp("changed")
        write_folder(folder / "stl10_binary", {**binary_files(), **files})
        return open_dataset("stl10", folder, options).fingerprint

    same = open_dataset("stl10", raw).fingerprint
    assert fingerprint() == same
    files = binary_files()
    others = {
        fingerprint(**{"unlabeled_X.bin": b"\x07" + files["unlabeled_X.bin"][1:]}),
        fingerprint(**{"train_y.bin": files["train_y.bin"][::-1]}),
        fingerprint(DataOptions(image_size=64)),
        fingerprint(DataOptions(split_seed=1)),
        fingerprint(DataOptions(split="80/20")),
    }
    assert len(others | {same}) == 6


def test_labels_from_a_csv_file_are_refused(raw):
    with pytest.raises(InputError, match="--labels is for image files"):
        open_dataset("stl10", raw, DataOptions(labels="x.csv"))


def test_batches_are_read_from_the_mapped_files(raw):
    from tfdeepsim.data.pipeline import batches

    split = open_dataset("stl10", raw).split("test")
    images = np.concatenate([batch["image"].numpy() for batch in batches(split, 8)])
    np.testing.assert_allclose(images, images_of("test") / 255, atol=1e-6)
