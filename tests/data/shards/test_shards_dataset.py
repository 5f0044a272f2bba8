"""Shards as a dataset: order, caches, sizes, fingerprints, and damage."""

import json

import numpy as np
import pytest
from flat_images import SIDE, fill, values

from tfdeepsim.data import describe, open_dataset
from tfdeepsim.data.pipeline import training_batches
from tfdeepsim.data.shards.writing import write_shards
from tfdeepsim.errors import InputError
from tfdeepsim.files import sha256_of
from tfdeepsim.options import DataOptions


@pytest.fixture
def shards(folder, tmp_path):
    """The folder of 40 images in several shards."""
    name = f"folder:{folder}"
    options = DataOptions(dataset=name, cache="none", image_size=SIDE)
    write_shards(open_dataset(name, tmp_path / "data", options), tmp_path / "s", shard_bytes=500)
    return tmp_path / "s"


def opened(shards, **options):
    name = f"shards:{shards}/*.tfrecord"
    return open_dataset(name, shards.parent / "data", DataOptions(dataset=name, **options))


def test_batches_are_a_function_of_seed_and_step(shards):
    split = opened(shards).split("encoder_train")
    whole = [
        (batch["image"].numpy(), batch["label"].numpy())
        for batch in training_batches(split, batch_size=4, seed=5, steps=range(20))
    ]
    resumed = training_batches(
        opened(shards).split("encoder_train"), batch_size=4, seed=5, steps=range(13, 20)
    )
    for batch, (image, label) in zip(resumed, whole[13:], strict=True):
        np.testing.assert_array_equal(batch["image"], image)
        np.testing.assert_array_equal(batch["label"], label)


def test_every_cache_holds_the_same_images(shards):
    expected = values(opened(shards).split("test", "none"))
    for cache in ("auto", "memory", "disk"):
        assert values(opened(shards).split("test", cache)) == expected
    assert len(list((shards.parent / "data" / "decoded").glob("shards-*/image.npy"))) == 1


def test_the_description_is_that_of_the_dataset(shards):
    description, dataset = describe(f"shards:{shards}"), opened(shards)
    assert description.splits == dataset.splits
    assert description.image_shape == dataset.image_shape == (SIDE, SIDE, 3)
    assert description.ready
    assert describe(f"shards:{shards}", options=DataOptions(image_size=32)).image_shape[0] == 32


def test_the_fingerprint_follows_images_labels_sizes_and_splits(folder, shards, tmp_path):
    first = opened(shards)
    assert opened(shards).fingerprint == first.fingerprint
    assert opened(shards, parallel_reads=7).fingerprint == first.fingerprint
    seen = {first.fingerprint, opened(shards, image_size=16).fingerprint}

    def rewritten(**options):
        name = f"folder:{folder}"
        options = DataOptions(dataset=name, cache="none", image_size=SIDE, **options)
        dataset = open_dataset(name, tmp_path / "data", options)
        write_shards(dataset, shards, overwrite=True)
        return opened(shards).fingerprint

    assert rewritten() == first.fingerprint  # in shards of another size
    seen.add(rewritten(split_seed=1))
    fill(folder, ["cat/00.png"], size=(9, 9))
    seen.add(rewritten())
    (folder / "dog").rename(folder / "hound")
    seen.add(rewritten())
    assert len(seen) == 5


@pytest.mark.parametrize("option", [{"split": "80/10/10"}, {"split_seed": 1}, {"labels": "x.csv"}])
def test_splits_and_labels_cannot_be_changed(shards, option):
    with pytest.raises(InputError, match="belongs where shards are written"):
        opened(shards, **option)


def test_classes_can_be_chosen(shards):
    dataset = opened(shards, probe_classes="cat,dog")
    assert dataset.probe_mask(dataset.split("test")).all()


def first_of(shards):
    return min(shards.glob("*.tfrecord"))


def test_a_missing_shard_is_named(shards):
    path = first_of(shards)
    path.rename(shards.parent / path.name)
    with pytest.raises(InputError, match=f"without {path.name}, one of"):
        opened(shards)


def test_a_shard_of_others_is_named(shards):
    (shards / "00000-of-99999.tfrecord").write_bytes(b"")
    with pytest.raises(InputError, match=r"00000-of-99999.tfrecord, which is none of them"):
        opened(shards)


def test_a_shard_of_another_size_is_named(shards):
    path = first_of(shards)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"bytes, which had"):
        opened(shards)


def test_changed_bytes_are_found_when_they_are_read(shards):
    dataset = opened(shards)
    path = first_of(shards)
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"image 0 in .*00000-of-.* of another checksum"):
        dataset.split("encoder_train").images[:]


def test_a_shard_that_is_cut_while_it_is_used_is_named(shards):
    dataset = opened(shards)
    first_of(shards).write_bytes(b"")
    with pytest.raises(InputError, match="must stay as they were written"):
        dataset.split("encoder_train").images[0]


def test_no_shards_are_no_shards(tmp_path):
    with pytest.raises(InputError, match=r"need the info.json"):
        describe(f"shards:{tmp_path}/*.tfrecord")
    with pytest.raises(InputError, match=r"dataset must be known"):
        describe("shards:")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2), ("side", 0), ("side", 10**9), ("shorter_side", 1), ("splits", {"test": 3}),
        ("shards", {}), ("shards", {"../x.tfrecord": [1, 1]}), ("shards", {"x.tfrecord": [1]}),
        ("class_names", "ab"), ("task", "sorting"), ("label", None), ("index", "0" * 64),
    ],
)  # fmt: skip
def test_edited_info_is_one_line(shards, field, value):
    path = shards / "info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(InputError) as error:
        opened(shards)
    assert "\n" not in str(error.value)


def edited_index(shards, **changes):
    """Change arrays of the index, so that `info.json` knows nothing of it."""
    path = shards / "index.npz"
    arrays = dict(np.load(path))
    for name, change in changes.items():
        arrays[name.replace("__", "/")] = change(arrays[name.replace("__", "/")])
    np.savez(path, **arrays)
    info = json.loads((shards / "info.json").read_text())
    (shards / "info.json").write_text(json.dumps(info | {"index": sha256_of(path)}))


@pytest.mark.parametrize(
    "changes",
    [
        {"shard": lambda x: x + 99}, {"shard": lambda x: x - 1}, {"offset": lambda x: -x},
        {"offset": lambda x: x * 0 + 2**62}, {"length": lambda x: x + 2**62},
        {"length": lambda x: -x}, {"crc": lambda x: x[:-1]}, {"crc": lambda x: x.astype(float)},
        {"rows__test": lambda x: x + 40}, {"rows__test": lambda x: x[:-1]},
        {"labels__test__label": lambda x: x[:-1]}, {"labels__test__label": lambda x: x + 2},
        {"labels__test__label": lambda x: x + 0.5}, {"labels__test__label": lambda x: x[:, None]},
        {"labels__probe_train__label": lambda x: np.array(1)},
    ],
)  # fmt: skip
def test_an_index_that_points_elsewhere_is_one_line(shards, changes):
    edited_index(shards, **changes)
    with pytest.raises(InputError, match=r"index.npz of shards must be undamaged"):
        opened(shards)


def test_an_index_of_other_shards_is_refused(shards):
    path = shards / "index.npz"
    np.savez(path, **{name: values[:] for name, values in np.load(path).items()}, more=np.zeros(1))
    with pytest.raises(InputError, match=r"not the file that info.json was written with"):
        opened(shards)
