"""The cache of image files between commands and after interruptions."""

import io
import json
import os
import shutil
import signal
import time

import numpy as np
import pytest
from flat_images import SIDE, image, values

from tfdeepsim.data import describe, open_dataset
from tfdeepsim.data.images import decode_many, pixel_cache, verification
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions


@pytest.fixture
def passes(monkeypatch):
    """Counts how often all files are decoded."""
    calls = []
    original = verification.verify_files
    monkeypatch.setattr(
        pixel_cache,
        "verify_files",
        lambda *arguments, **options: calls.append(1) or original(*arguments, **options),
    )
    return calls


@pytest.mark.parametrize("cache", ["disk", "none"])
def test_files_are_verified_once_until_one_changes(folder, opened, passes, cache):
    for _ in range(3):
        dataset = opened(folder, cache=cache)
    assert len(passes) == 1
    image(200).save(folder / "dog/new.png")
    changed = opened(folder, cache=cache)
    assert len(passes) == 2
    assert sum(changed.splits.values()) > sum(dataset.splits.values())
    assert len(list(changed.cache_dir.glob("*.npy"))) == (cache == "disk")
    os.utime(folder / "dog/new.png", (1, 1))
    opened(folder, cache=cache)
    assert len(passes) == 3


def test_cached_pixels_spare_a_later_verification(folder, opened, passes):
    opened(folder, cache="none")
    opened(folder, cache="disk")
    assert len(passes) == 2
    opened(folder, cache="none")
    assert len(passes) == 2


def test_memory_leaves_no_files(folder, opened, tmp_path):
    opened(folder, cache="memory")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("damage", ["cut pixels", "no index", "junk index"])
def test_a_damaged_cache_is_written_again(folder, opened, damage):
    dataset = opened(folder)
    expected = values(dataset.split("test"))
    (pixels,) = dataset.cache_dir.glob("*.npy")
    index = dataset.cache_dir / "index.json"
    if damage == "cut pixels":
        pixels.write_bytes(pixels.read_bytes()[:-9])
    elif damage == "no index":
        index.unlink()
    else:
        index.write_text('{"listing": 1}')
    assert values(opened(folder).split("test")) == expected


def _stopped(path, data_dir):
    """In another process: open a dataset, and halt in the middle of the pass."""
    seen = iter(range(30))
    original = decode_many.decode_unresized
    decode_many.decode_unresized = lambda *arguments: (
        original(*arguments) if next(seen, None) is not None else time.sleep(60)
    )
    open_dataset(f"folder:{path}", data_dir, DataOptions(image_size=SIDE))


def test_what_a_killed_verification_leaves_is_not_used(folder, opened, tmp_path, start):
    process = start(_stopped, folder, tmp_path / "data")
    deadline = time.monotonic() + 60
    while not list((tmp_path / "data").glob("images/*/.*/*.npy")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    dataset = opened(folder)
    assert sorted(path.name for path in dataset.cache_dir.iterdir() if path.suffix != ".npy") == [
        "index.json",
        "skipped.csv",
    ]
    assert len(values(dataset.split("test"))) == 8


def test_an_interrupted_verification_leaves_nothing(folder, opened, tmp_path, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(decode_many, "decode_unresized", interrupted)
    with pytest.raises(KeyboardInterrupt):
        opened(folder)
    assert [
        path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.suffix != ".lock"
    ] == []


def test_a_full_disk_and_a_folder_that_cannot_be_written_end_in_one_line(
    folder, opened, tmp_path, monkeypatch
):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(pixel_cache.shutil, "disk_usage", lambda path: usage._replace(free=100))
    with pytest.raises(InputError, match="must have room for decoded images"):
        opened(folder)
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "data").touch()
    with pytest.raises(InputError, match=r"cached where there is room.*memory as the cache"):
        opened(folder)
    assert len(opened(folder, cache="memory").split("test").images) == 8


@pytest.mark.parametrize("cache", ["disk", "memory", "none"])
def test_the_description_decodes_almost_nothing_and_is_correct(
    folder, tmp_path, cache, monkeypatch, passes
):
    options = DataOptions(image_size=SIDE, cache=cache)
    (folder / "cat/05.png").write_text("no image")
    before = describe(f"folder:{folder}", tmp_path / "data", options)
    assert passes == []
    assert not (tmp_path / "data").exists()
    assert before.ready is False
    assert before.seconds_needed > 0
    assert before.bytes_needed == (40 * SIDE * SIDE * 3 if cache == "disk" else 0)
    dataset = open_dataset(f"folder:{folder}", tmp_path / "data", options)
    after = describe(f"folder:{folder}", tmp_path / "data", options)
    assert (after.name, after.folder, after.image_shape) == (
        dataset.name,
        dataset.cache_dir,
        dataset.image_shape,
    )
    if cache != "memory":
        assert (after.ready, after.bytes_needed, after.seconds_needed) == (True, 0, 0)
        assert dict(after.splits) == dict(dataset.splits)
    assert sum(before.splits.values()) - sum(dataset.splits.values()) in (1, 2)


def test_an_unknown_split_is_refused(folder, opened):
    with pytest.raises(InputError, match="split must be known: got 'train'"):
        opened(folder).split("train")


def test_images_that_stay_in_their_files_are_indexed_like_an_array(folder, opened):
    images = opened(folder, cache="none").split("encoder_train").images
    array = np.asarray(images)
    np.testing.assert_array_equal(images[3], array[3])
    np.testing.assert_array_equal(images[2:9:3], array[2:9:3])
    np.testing.assert_array_equal(images[np.array([5, 5, 0])], array[[5, 5, 0]])
    np.testing.assert_array_equal(images[array[:, 0, 0, 0] > 20], array[array[:, 0, 0, 0] > 20])
    assert images[[]].shape == (0, SIDE, SIDE, 3)
    assert type(images[0]) is np.ndarray


def test_a_file_that_changes_while_it_is_used_is_named(folder, opened):
    images = opened(folder, cache="none").split("encoder_train").images
    for path in folder.rglob("*.png"):
        path.write_text("no image")
    with pytest.raises(InputError, match=r"must stay as they are.*cat/.*\.png"):
        images[0]


def test_thousands_of_files_are_divided(tmp_path, opened):
    root = tmp_path / "many"
    for kind in range(4):
        (root / str(kind)).mkdir(parents=True)
    tiny = io.BytesIO()
    image(9).save(tiny, "BMP")
    for i in range(3000):
        (root / str(i % 4) / f"{i}.bmp").write_bytes(tiny.getvalue())
    dataset = opened(root, allow_duplicates=True)
    assert [dataset.splits[split] for split in ("encoder_train", "encoder_validation", "test")] == [
        2100,
        300,
        600,
    ]
    assert set(values(dataset.split("encoder_train"))) == {9}


def test_the_index_is_small(folder, opened):
    dataset = opened(folder, cache="none")
    index = json.loads((dataset.cache_dir / "index.json").read_text())
    assert index["bad"] == []
    assert (dataset.cache_dir / "index.json").stat().st_size < 200
