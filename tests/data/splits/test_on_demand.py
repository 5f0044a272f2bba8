"""Images that are decoded when they are indexed."""

import threading

import numpy as np
import pytest
from flat_images import fill

from tfdeepsim.data import open_dataset
from tfdeepsim.data.shards.writing import write_shards
from tfdeepsim.data.splits import on_demand
from tfdeepsim.data.splits.on_demand import DecodedOnDemand
from tfdeepsim.options import DataOptions


def numbered(rows, out):
    out[:] = rows[:, None, None, None]


@pytest.mark.parametrize("threads", [1, 3, 100])
def test_images_are_indexed_like_an_array(threads):
    images = DecodedOnDemand(numbered, 50, 8, threads)
    expected = np.broadcast_to(np.arange(50, dtype=np.uint8)[:, None, None, None], images.shape)
    assert images.shape == (50, 8, 8, 3)
    for index in (7, -1, slice(3, 20, 2), [5, 1, 1], np.zeros(50, bool), np.arange(50) % 3 == 0):
        np.testing.assert_array_equal(images[index], expected[index])


def test_as_many_files_are_read_at_the_same_time_as_asked():
    together = threading.Barrier(6, timeout=30)

    def decode(rows, out):
        together.wait()  # for six, or it breaks
        numbered(rows, out)

    DecodedOnDemand(decode, 60, 8, 6)[:]


@pytest.mark.parametrize("kind", ["folder", "shards"])
def test_parallel_reads_of_files_and_shards(tmp_path, kind, monkeypatch):
    fill(tmp_path / "photos", [f"{number:02}.png" for number in range(30)])
    name = f"folder:{tmp_path / 'photos'}"
    plain = open_dataset(name, tmp_path, DataOptions(dataset=name, cache="none"))
    if kind == "shards":
        write_shards(plain, tmp_path / "shards")
        name = f"shards:{tmp_path / 'shards'}"
    threads = []

    class Pool(on_demand.ThreadPoolExecutor):
        def __init__(self, count, *names):
            threads.append(count)
            super().__init__(count, *names)

    monkeypatch.setattr(on_demand, "ThreadPoolExecutor", Pool)
    options = DataOptions(dataset=name, cache="none", parallel_reads=5)
    split = open_dataset(name, tmp_path, options).split("encoder_train")
    np.testing.assert_array_equal(split.images[:], plain.split("encoder_train").images[:])
    assert set(threads) == {5}
