"""Folders and archives of image files as datasets."""

import io
import os
import shutil
import zipfile

import numpy as np
import pytest
from flat_images import SIDE, fill, image, values

from tfdeepsim.data import check_name
from tfdeepsim.data.images import verification
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.errors import InputError

TABLE = {"train": "encoder_train", "validation": "encoder_validation", "test": "test"}


@pytest.mark.parametrize("cache", ["auto", "disk", "memory", "none"])
def test_images_labels_and_splits(folder, opened, cache):
    dataset = opened(folder, cache=cache)
    assert (dataset.task, dataset.label, dataset.class_names) == (
        "classification",
        "label",
        ("cat", "dog"),
    )
    assert dataset.image_shape == (SIDE, SIDE, 3)
    assert dict(dataset.splits) == {
        "encoder_train": 28,
        "encoder_validation": 4,
        "probe_train": 28,
        "probe_validation": 4,
        "test": 8,
    }
    seen = []
    for split in TABLE.values():
        examples = dataset.split(split, cache)
        found = values(examples)
        assert examples.labels["label"].dtype == np.int64
        assert examples.labels["label"].tolist() == [value // 20 for value in found]
        assert sum(examples.labels["label"]) * 2 == len(found)  # the same share of each class
        seen += found
    assert sorted(seen) == list(range(40))
    for probe, encoder in (
        ("probe_train", "encoder_train"),
        ("probe_validation", "encoder_validation"),
    ):
        assert values(dataset.split(probe)) == values(dataset.split(encoder))


@pytest.mark.parametrize("cache", ["disk", "memory", "none"])
def test_batches_in_training_order_and_in_stored_order(folder, opened, cache):
    split = opened(folder, cache=cache).split("encoder_train")
    data = [batches(split, 5), training_batches(split, batch_size=5, seed=0, steps=range(5))]
    for batch in (batch for one in data for batch in one.as_numpy_iterator()):
        values_ = np.rint(batch["image"][:, 0, 0, 0] * 255)
        np.testing.assert_array_equal(batch["label"], values_ // 20)
        np.testing.assert_allclose(batch["image"][..., 2], 1 - batch["image"][..., 0], atol=1e-6)


def test_a_zip_archive_is_the_same_dataset_as_its_folder(folder, opened, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", folder)
    from_zip, from_folder = opened(archive, "zip"), opened(folder)
    assert from_zip.name == f"zip:{archive}"
    assert from_zip.fingerprint == from_folder.fingerprint
    assert values(from_zip.split("test")) == values(from_folder.split("test"))


def test_names_are_spelled_with_a_path():
    check_name("folder:photos/my cats")
    check_name("zip:~/photos.zip")
    for name in ("folder", "folder:", "zip/photos.zip"):
        with pytest.raises(InputError, match="dataset must be known"):
            check_name(name)


def test_without_folders_there_are_no_labels(tmp_path, opened):
    dataset = opened(fill(tmp_path / "flat", [f"{i}.png" for i in range(10)]))
    assert (dataset.task, dataset.label, dataset.class_names) == (None, None, ())
    assert [dataset.splits[split] for split in TABLE.values()] == [7, 1, 2]
    assert dataset.split("test").labels == {}


def split_folders(root, **counts):
    return fill(
        root,
        [
            f"{part}/{kind}/{i}.png"
            for part, n in counts.items()
            for kind in ("a", "b")
            for i in range(n)
        ],
    )


@pytest.mark.parametrize(
    ("counts", "split", "sizes"),
    [
        ({"train": 10, "test": 3}, None, [18, 2, 6]),
        ({"train": 10, "test": 3}, "50/50", [10, 10, 6]),
        ({"train": 10, "val": 4, "test": 3}, None, [20, 8, 6]),
        ({"train": 10, "val": 4}, None, [16, 8, 4]),
    ],
)
def test_split_folders_are_used_and_only_missing_splits_are_divided_off(
    tmp_path, opened, counts, split, sizes
):
    dataset = opened(split_folders(tmp_path / "set", **counts), split=split)
    assert [dataset.splits[name] for name in TABLE.values()] == sizes


def test_the_test_folder_is_the_test_split(tmp_path, opened):
    dataset = opened(split_folders(tmp_path / "set", train=10, test=3))
    assert values(dataset.split("test")) == list(range(20, 26))


@pytest.mark.parametrize(
    ("counts", "options", "words"),
    [
        ({"train": 4, "val": 2, "test": 2}, {"split": "90/10"}, "no --split"),
        ({"train": 4, "test": 2}, {"split": "70/10/20"}, "90/10"),
        ({"train": 1, "test": 2}, {}, "class 'a' with 1 for 2 splits, and 1 more such"),
    ],
)
def test_impossible_splits_are_refused(tmp_path, opened, counts, options, words):
    with pytest.raises(InputError, match=words):
        opened(split_folders(tmp_path / "set", **counts), **options)


def test_a_class_with_a_single_image_is_refused_by_name(folder, opened):
    fill(folder, ["eel/only.png"])
    with pytest.raises(InputError, match="class 'eel' with 1 for 3 splits"):
        opened(folder)


@pytest.mark.parametrize("others", [[], ["notes.txt"]])
def test_a_folder_without_images_is_refused(tmp_path, opened, others):
    (tmp_path / "empty").mkdir()
    for name in others:
        (tmp_path / "empty" / name).touch()
    with pytest.raises(InputError, match="1 other files" if others else "no files"):
        opened(tmp_path / "empty")


def test_the_seed_changes_the_splits_and_the_fingerprint(folder, opened):
    first, second = opened(folder, split_seed=1), opened(folder, split_seed=2)
    assert values(first.split("test")) != values(second.split("test"))
    assert first.fingerprint != second.fingerprint
    assert values(opened(folder, split_seed=1).split("test")) == values(first.split("test"))


def test_the_fingerprint_changes_with_data_and_options_but_not_with_times(folder, opened, tmp_path):
    fingerprint = opened(folder).fingerprint
    os.utime(folder / "cat/00.png", (1, 1))
    assert opened(folder, cache="memory").fingerprint == fingerprint
    changed = {
        opened(folder, **options).fingerprint
        for options in ({"image_size": 16}, {"split": "60/20/20"})
    }
    labels = tmp_path / "labels.csv"
    names = [f"{kind}/{i:02}.png" for kind in ("cat", "dog") for i in range(20)]
    for shift in (0, 1):
        labels.write_text(
            "file,x\n" + "".join(f"{name},{i + shift}\n" for i, name in enumerate(names))
        )
        changed.add(opened(folder, labels=str(labels)).fingerprint)
    image(99).save(folder / "cat/00.png")
    changed.add(opened(folder).fingerprint)
    (folder / "cat/00.png").rename(folder / "cat/renamed.png")
    changed.add(opened(folder).fingerprint)
    assert len(changed | {fingerprint}) == 7


def test_numbers_from_a_csv_are_regressed(folder, opened, tmp_path):
    names = [f"{kind}/{i:02}.png" for kind in ("cat", "dog") for i in range(20)]
    (folder / "labels.csv").write_text(
        "file,x,y\n" + "".join(f"{n},{i},{-i}\n" for i, n in enumerate(names))
    )
    dataset = opened(folder, labels=str(folder / "labels.csv"))
    assert (dataset.task, dataset.label, dataset.class_names) == ("regression", "label", ())
    split = dataset.split("test")
    assert split.labels["label"].dtype == np.float64
    assert split.labels["label"].tolist() == [[value, -value] for value in values(split)]
    assert dataset.skipped == ()


def test_names_from_a_csv_are_classes(tmp_path, opened):
    root = fill(tmp_path / "flat", [f"{i}.png" for i in range(12)])
    (tmp_path / "labels.csv").write_text(
        "file,kind\n" + "".join(f"{i}.png,{'ba'[i % 2]}\n" for i in range(12))
    )
    dataset = opened(root, labels=str(tmp_path / "labels.csv"))
    assert (dataset.task, dataset.class_names) == ("classification", ("a", "b"))
    split = dataset.split("encoder_train")
    assert split.labels["label"].tolist() == [1 - value % 2 for value in values(split)]


@pytest.mark.parametrize("cache", ["disk", "memory", "none"])
def test_bad_files_are_left_out_and_listed(folder, opened, cache, capsys):
    (folder / "cat/05.png").write_bytes((folder / "cat/05.png").read_bytes()[:40])
    (folder / "dog/07.png").write_text("no image")
    (folder / "notes.txt").touch()
    dataset = opened(folder, cache=cache, max_bad=0.05)
    assert [name for name, _ in dataset.skipped] == ["notes.txt", "cat/05.png", "dog/07.png"]
    assert dataset.skipped[2][1] == "no JPEG, PNG, BMP, GIF or WebP image"
    seen = [value for split in TABLE.values() for value in values(dataset.split(split))]
    assert sorted(seen) == [value for value in range(40) if value not in (5, 27)]
    printed = capsys.readouterr().err
    assert printed.startswith(
        f"Skipped 3 of 41 files of folder:{folder}: notes.txt (not an image file)"
    )
    assert printed.count("\n") == 1
    if cache != "memory":
        assert (dataset.cache_dir / "skipped.csv").read_text().splitlines()[
            1
        ] == "notes.txt,not an image file"
        assert opened(folder, cache=cache).skipped == dataset.skipped


def test_the_format_is_recognised_by_content_and_not_by_ending(folder, opened):
    for ending, kind in (("jpg", "WEBP"), ("gif", "BMP")):
        data = io.BytesIO()
        image(77).save(data, kind, **({"lossless": True} if kind == "WEBP" else {}))
        (folder / f"cat/wrong.{ending}").write_bytes(data.getvalue())
    dataset = opened(folder)
    seen = [value for split in TABLE.values() for value in values(dataset.split(split))]
    assert seen.count(77) == 2


@pytest.mark.parametrize("cache", ["disk", "none"])
def test_too_many_bad_files_are_refused(folder, opened, cache):
    for i in range(5):
        (folder / f"cat/{i:02}.png").write_text("no image")
    for _ in range(2):
        with pytest.raises(
            InputError,
            match=r"got 5 of 40 \(12\.5%\) that are not: cat/00\.png \(no JPEG.*02.*, \.\.\.;",
        ):
            opened(folder, cache=cache, max_bad=0.12)
    assert len(opened(folder, cache=cache, max_bad=0.13).skipped) == 5


def test_a_class_of_bad_files_only_is_refused(folder, opened):
    (folder / "eel").mkdir()
    for i in range(3):
        (folder / f"eel/{i}.png").write_text("no image")
    with pytest.raises(InputError, match="class 'eel' without any"):
        opened(folder, max_bad=0.5)


def test_a_file_that_is_far_too_large_is_not_read(folder, opened, monkeypatch):
    monkeypatch.setattr(verification, "_MAX_BYTES", 100_000)
    (folder / "cat/05.png").write_bytes(bytes(100_001))
    assert opened(folder).skipped == (("cat/05.png", "a file of 0 MB"),)


def test_an_archive_with_a_wrong_checksum_is_refused(tmp_path, opened):
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(10):
            data = io.BytesIO()
            image(i).save(data, "BMP")
            archive.writestr(f"{i}.bmp", data.getvalue())
    data = bytearray(path.read_bytes())
    data[80] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"whole zip file: got .*0\.bmp: Bad CRC-32"):
        opened(path, "zip")


def test_an_image_that_cannot_be_tiled_is_named(folder, opened):
    fill(folder, ["cat/odd.png"], size=(5, 5))
    with pytest.raises(InputError, match=r"5x5 pixels in 16, cat/odd\.png"):
        opened(folder, image_size=16, resize="tile")


@pytest.mark.parametrize("resize", ["tile", "reflect", "bilinear"])
def test_images_of_several_sizes_are_cached_side_by_side(folder, opened, resize):
    for side in (8, 16):
        dataset = opened(folder, image_size=side, resize=resize)
        assert dataset.split("test").images.shape == (8, side, side, 3)
        values(dataset.split("test"))
    assert len(list(dataset.cache_dir.glob("*.npy"))) == 2


@pytest.mark.parametrize("cache", ["disk", "memory", "none"])
def test_a_test_image_among_the_training_images_is_counted_and_refused(
    tmp_path, opened, cache, capsys
):
    for part in ("train", "test"):
        for kind in ("cat", "dog"):
            (tmp_path / part / kind).mkdir(parents=True)
            for number in range(10):
                value = 40 * (part == "test") + 20 * (kind == "dog") + number
                image(value).save(tmp_path / part / kind / f"{number}.png")
    assert opened(tmp_path, cache=cache).splits["test"] == 20
    # The same pixels under another name and in another format; and one that is twice in the test.
    image(3).save(tmp_path / "test" / "cat" / "copy.bmp")
    image(45).save(tmp_path / "test" / "cat" / "again.bmp")
    for _ in range(2):  # also from what is cached
        with pytest.raises(InputError, match=r"with 1 images that are in both, such as test/cat/c"):
            opened(tmp_path, cache=cache)
    dataset = opened(tmp_path, cache=cache, allow_duplicates=True)
    assert dataset.splits["test"] == 22
    assert "train/cat/3.png: scores are too good" in capsys.readouterr().err
