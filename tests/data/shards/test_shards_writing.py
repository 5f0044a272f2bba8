"""Shards as they are written: what is in them, and when nothing is written."""

import errno
import json

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from flat_images import fill, values

from tfdeepsim.data import open_dataset
from tfdeepsim.data.__main__ import main
from tfdeepsim.data.dataset import SPLITS
from tfdeepsim.data.shards import writing
from tfdeepsim.data.shards.writing import write_shards
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions


def opened(name, tmp_path, **options):
    return open_dataset(name, tmp_path / "data", DataOptions(dataset=name, **options))


def test_records_are_the_image_files_themselves(folder, tmp_path):
    dataset = opened(f"folder:{folder}", tmp_path, cache="none")
    info = write_shards(dataset, tmp_path / "shards", shard_bytes=500)
    assert len(info.shards) > 2
    files = sorted(map(str, (tmp_path / "shards").glob("*.tfrecord")))
    assert [file.rpartition("/")[2] for file in files] == [*info.shards]
    records = [record.numpy() for record in tf.data.TFRecordDataset(files)]
    # Training images are in two splits, and in the shards once.
    assert len(records) == info.images == 40
    assert sorted(records) == sorted(path.read_bytes() for path in folder.rglob("*.png"))
    assert {path.name for path in (tmp_path / "shards").iterdir()} == {
        *info.shards, "index.npz", "info.json",
    }  # fmt: skip


def test_splits_labels_and_images_are_those_of_the_dataset(folder, tmp_path):
    dataset = opened(f"folder:{folder}", tmp_path, cache="none", split="50/25/25", split_seed=3)
    write_shards(dataset, tmp_path / "shards", shard_bytes=900)
    shards = opened(f"shards:{tmp_path / 'shards'}/*.tfrecord", tmp_path)
    assert (shards.task, shards.class_names) == (dataset.task, dataset.class_names)
    assert shards.splits == dataset.splits
    for name in SPLITS:
        assert values(shards.split(name)) == values(dataset.split(name))
        np.testing.assert_array_equal(
            shards.split(name).labels["label"], dataset.split(name).labels["label"]
        )


def test_images_that_are_no_files_are_stored_as_png(tmp_path):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images, labels=random.normal(size=(40, 2)))
    dataset = opened(f"npz:{tmp_path / 'images.npz'}", tmp_path, image_size=16)
    info = write_shards(dataset, tmp_path / "shards")
    assert info.images == 40
    shards = opened(f"shards:{tmp_path / 'shards'}", tmp_path)
    assert shards.image_shape == (16, 16, 3)
    for name in SPLITS:
        expected = dataset.split(name)
        np.testing.assert_array_equal(shards.split(name).images[:], expected.images[:])
        np.testing.assert_array_equal(shards.split(name).labels["label"], expected.labels["label"])


def test_frames_that_serve_no_probe_serve_none_in_shards(tiny, tmp_path):
    dataset = open_dataset(*tiny)
    write_shards(dataset, tmp_path / "shards")
    shards = opened(f"shards:{tmp_path / 'shards'}", tmp_path)
    assert (shards.task, shards.label) == ("regression", "position")
    for name in SPLITS:
        ours, expected = shards.split(name), dataset.split(name)
        np.testing.assert_array_equal(ours.images[:], expected.images[:])
        np.testing.assert_array_equal(ours.labels["position"], expected.labels["position"])
        np.testing.assert_array_equal(shards.probe_mask(ours), dataset.probe_mask(expected))


def test_the_crop_of_a_dataset_is_kept(tmp_path):
    random = np.random.default_rng(0)
    for number in range(12):
        (tmp_path / "photos").mkdir(exist_ok=True)
        pixels = random.integers(0, 256, (40, 60, 3), dtype=np.uint8)
        PIL.Image.fromarray(pixels).save(tmp_path / "photos" / f"{number:02}.png")
    dataset = opened(f"folder:{tmp_path / 'photos'}", tmp_path, image_size=16, shorter_side=20)
    write_shards(dataset, tmp_path / "shards")
    shards = opened(f"shards:{tmp_path / 'shards'}", tmp_path)
    np.testing.assert_array_equal(shards.split("test").images[:], dataset.split("test").images[:])


def test_the_command_writes_what_it_says(folder, tmp_path, capsys):
    arguments = [f"folder:{folder}", "--data-dir", str(tmp_path / "data")]
    assert main([*arguments, "--to-shards", str(tmp_path / "shards")]) == 0
    assert capsys.readouterr().out == (
        f"40 images, 0 MB in 1 shard: --dataset 'shards:{tmp_path / 'shards'}/*.tfrecord'\n"
    )
    assert not list((tmp_path / "data").rglob("*.npy"))  # no pixels were cached


def test_nothing_is_replaced_unless_told(folder, tmp_path, capsys):
    arguments = [f"folder:{folder}", "--data-dir", str(tmp_path / "data")]
    arguments += ["--to-shards", str(tmp_path / "shards")]
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "mine.txt").write_text("mine")
    assert main(arguments) == 2
    assert "which exists" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 2
    assert "mine.txt" in capsys.readouterr().err
    (tmp_path / "shards" / "mine.txt").rename(tmp_path / "mine.txt")
    assert main([*arguments, "--overwrite"]) == 0
    fill(folder, ["cat/99.png"], size=(9, 9))
    assert main([*arguments, "--overwrite"]) == 0
    info = json.loads((tmp_path / "shards" / "info.json").read_text())
    assert sum(images for _, images in info["shards"].values()) == 41


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--crop", "stretch"], "resized where they are used"),
        (["--probe-classes", "cat,dog"], "shards hold all classes"),
    ],
)
def test_flags_that_shards_do_not_keep_are_refused(folder, tmp_path, capsys, flags, message):
    arguments = [f"folder:{folder}", "--data-dir", str(tmp_path / "data"), *flags]
    assert main([*arguments, "--to-shards", str(tmp_path / "shards")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "shards").exists()


def test_a_full_disk_leaves_nothing(folder, tmp_path, monkeypatch):
    dataset = opened(f"folder:{folder}", tmp_path, cache="none")

    def full(path, value):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing, "write_json", full)
    with pytest.raises(InputError, match="No space left"):
        write_shards(dataset, tmp_path / "out" / "shards")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".shards.lock"]


def test_what_a_killed_process_left_is_removed(folder, tmp_path):
    (tmp_path / ".shards.abc.part" / "shards").mkdir(parents=True)
    dataset = opened(f"folder:{folder}", tmp_path, cache="none")
    write_shards(dataset, tmp_path / "shards")
    assert not (tmp_path / ".shards.abc.part").exists()
