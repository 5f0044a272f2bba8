"""LLv2 whose files are damaged."""

import json
import shutil

import pytest

from tfdeepsim.data import describe, open_dataset
from tfdeepsim.errors import InputError

SHARD = "llv2-test.tfrecord-00000-of-00001"


@pytest.fixture
def copied(tiny, tmp_path):
    name, data_dir = tiny
    shutil.copytree(data_dir / "llv2", tmp_path / "llv2", ignore=shutil.ignore_patterns("decoded"))
    return name, tmp_path


@pytest.fixture
def folder(copied):
    return describe(*copied).folder


def cut(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes()[:-100])


def edit(folder, name, change):
    value = json.loads((folder / name).read_text())
    change(value)
    (folder / name).write_text(json.dumps(value))


DAMAGE = {
    "no info": lambda folder: (folder / "dataset_info.json").unlink(),
    "cut info": lambda folder: cut(folder, "dataset_info.json"),
    "empty info": lambda folder: (folder / "dataset_info.json").write_text("{}"),
    "binary info": lambda folder: (folder / "dataset_info.json").write_bytes(
        bytes(range(128, 256))
    ),
    "list for info": lambda folder: (folder / "dataset_info.json").write_text("[]"),
    "no metadata": lambda folder: (folder / "metadata.json").unlink(),
    "no digests": lambda folder: edit(
        folder, "metadata.json", lambda metadata: metadata.pop("sha256")
    ),
    "no shard": lambda folder: (folder / SHARD).unlink(),
    "cut shard": lambda folder: cut(folder, SHARD),
    "empty shard": lambda folder: (folder / SHARD).write_bytes(b""),
    "folder for shard": lambda folder: ((folder / SHARD).unlink(), (folder / SHARD).mkdir()),
    "nothing": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
    "file for folder": lambda folder: (shutil.rmtree(folder), folder.touch()),
    "lost split": lambda folder: edit(
        folder, "dataset_info.json", lambda info: info["splits"].pop()
    ),
    "bad length": lambda folder: edit(
        folder, "dataset_info.json", lambda info: info["splits"][0].update(shardLengths=["x"])
    ),
    "other version": lambda folder: edit(
        folder, "dataset_info.json", lambda info: info.update(version="0.9.0")
    ),
    "other size": lambda folder: edit(
        folder, "dataset_info.json", lambda info: info.update(configName="paper")
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_folder_is_named_in_one_line(copied, folder, damage):
    DAMAGE[damage](folder)
    for ask in (describe, open_dataset):
        with pytest.raises(
            InputError, match=r"must be undamaged.*delete the folder, and it is written again"
        ) as error:
            ask(*copied)
        assert str(folder) in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("place", [4, 500, -40])
def test_a_damaged_record_is_reported_when_it_is_read(copied, folder, place):
    data = bytearray((folder / SHARD).read_bytes())
    data[place] ^= 0x10
    (folder / SHARD).write_bytes(data)
    dataset = open_dataset(*copied)
    for cache in ("memory", "disk"):
        with pytest.raises(InputError, match=r"must be undamaged.*delete the folder") as error:
            dataset.split("test", cache)
        assert str(folder) in str(error.value)
        assert len(str(error.value)) < 600
    assert not (folder / "decoded" / "test").exists()
    assert len(dataset.split("probe_train").images) == 9


def test_after_the_folder_is_deleted_the_same_data_is_simulated_again(copied, folder, tiny):
    shutil.rmtree(folder)
    assert open_dataset(*copied).fingerprint == open_dataset(*tiny).fingerprint
