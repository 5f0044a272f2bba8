import numpy as np
import pytest

from tfdeepsim.data import cache
from tfdeepsim.errors import InputError

SPEC = {"image": ((5, 4, 4, 3), np.uint8), "position": ((5, 2), np.float32)}


class Fill:
    """Fills with fixed values, and counts how often."""

    times = 0

    def __call__(self, arrays):
        self.times += 1
        random = np.random.default_rng(0)
        arrays["image"][:] = random.integers(256, size=arrays["image"].shape)
        arrays["position"][:] = random.normal(size=arrays["position"].shape)


@pytest.fixture
def fill():
    return Fill()


def test_files_are_written_once(fill, tmp_path):
    first, second = (cache.decoded_split(SPEC, fill, tmp_path / "test", "disk") for _ in range(2))
    assert fill.times == 1
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.labels["position"], second.labels["position"])


def test_memory_leaves_no_files(fill, tmp_path):
    cache.decoded_split(SPEC, fill, tmp_path / "test", "memory")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("free", "mapped"), [(10_000, False), (300, True)])
def test_auto_is_memory_if_that_is_less_than_half_of_what_is_free(
    fill, tmp_path, monkeypatch, free, mapped
):
    memory = type(cache.psutil.virtual_memory())
    monkeypatch.setattr(
        cache.psutil, "virtual_memory", lambda: memory(*[free] * len(memory._fields))
    )
    split = cache.decoded_split(SPEC, fill, tmp_path / "test", "auto")
    assert isinstance(split.images, np.memmap) == mapped


@pytest.mark.parametrize("damage", ["cut", "gone", "other shape", "junk"])
def test_files_of_another_shape_or_damaged_are_written_again(fill, tmp_path, damage):
    expected = cache.decoded_split(SPEC, fill, tmp_path / "test", "memory")
    cache.decoded_split(SPEC, fill, tmp_path / "test", "disk")
    file = tmp_path / "test" / "image.npy"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-7])
    elif damage == "gone":
        file.unlink()
    elif damage == "junk":
        file.write_bytes(b"junk")
    else:
        np.save(file, np.zeros((4, 4, 4, 3), np.uint8))
    again = cache.decoded_split(SPEC, fill, tmp_path / "test", "disk")
    np.testing.assert_array_equal(again.images, expected.images)
    assert fill.times == 3


def test_files_are_written_completely_or_not_at_all(fill, tmp_path):
    def interrupted(arrays):
        fill(arrays)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.decoded_split(SPEC, interrupted, tmp_path / "test", "disk")
    assert [path.name for path in tmp_path.iterdir()] == [".test.lock"]


def test_what_a_killed_process_left_is_removed(fill, tmp_path):
    (tmp_path / ".test.abc" / "test").mkdir(parents=True)
    cache.decoded_split(SPEC, fill, tmp_path / "test", "disk")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".test.lock", "test"]


def test_a_folder_that_cannot_be_written_ends_in_one_line(fill, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cached where there is room.*memory as the cache"):
        cache.decoded_split(SPEC, fill, tmp_path / "file" / "test", "disk")


def test_labels_that_are_not_finite_are_refused(fill, tmp_path):
    def spoilt(arrays):
        fill(arrays)
        arrays["position"][2, 0] = np.nan

    for where in ("memory", "disk"):
        with pytest.raises(InputError, match="'position' must be finite"):
            cache.decoded_split(SPEC, spoilt, tmp_path / "test", where)


def test_records_cannot_be_decoded_at_each_use_without_a_cache(fill, tmp_path):
    with pytest.raises(InputError, match="decoding at each use is for image files"):
        cache.decoded_split(SPEC, fill, tmp_path / "test", "none")
