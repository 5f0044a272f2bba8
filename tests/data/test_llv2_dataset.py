import numpy as np
import pytest

from tfdeepsim.data import open_dataset
from tfdeepsim.data.llv2.simulator import record
from tfdeepsim.data.llv2.size import parse
from tfdeepsim.errors import InputError


def test_attributes_of_the_dataset(tiny):
    name, data_dir = tiny
    dataset = open_dataset(name, data_dir)
    assert dataset.name == name
    assert dataset.image_shape == (64, 64, 3)
    assert (dataset.task, dataset.label) == ("regression", "position")
    assert dataset.splits == parse(name.removeprefix("llv2/")).splits
    assert open_dataset(name, data_dir).fingerprint == dataset.fingerprint


def test_frames_are_read_as_they_were_simulated(tiny):
    name, data_dir = tiny
    dataset = open_dataset(name, data_dir)
    for split, episodes in parse(name.removeprefix("llv2/")).episodes.items():
        examples = dataset.split(split)
        labels = examples.labels
        assert sorted(set(labels["episode"].tolist())) == list(episodes)
        for episode in episodes:
            rollout = record(episode, frames=3, stride=7)
            rows = np.flatnonzero(labels["episode"] == episode)
            rows = rows[np.argsort(labels["step"][rows])]
            np.testing.assert_array_equal(examples.images[rows], rollout["image"])
            np.testing.assert_array_equal(labels["position"][rows], rollout["state"][:, :2])
            for field in ("state", "step", "terminated"):
                np.testing.assert_array_equal(labels[field][rows], rollout[field])


def test_labels_have_the_documented_types(tiny):
    split = open_dataset(*tiny).split("test")
    types = {label: (values.dtype.name, values.shape) for label, values in split.labels.items()}
    assert types == {
        "position": ("float32", (12, 2)),
        "state": ("float32", (12, 8)),
        "on_screen": ("bool", (12,)),
        "episode": ("int64", (12,)),
        "step": ("int64", (12,)),
        "terminated": ("bool", (12,)),
    }


def test_the_order_is_the_same_each_time(tiny):
    first, again = (open_dataset(*tiny).split("encoder_train") for _ in range(2))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.labels["state"], again.labels["state"])


def test_probes_get_the_frames_that_show_the_lander(tmp_path):
    dataset = open_dataset("llv2/2x11-stride40", tmp_path)  # long enough for some to leave
    split = dataset.split("test")
    x, y = split.labels["position"].T
    mask = dataset.probe_mask(split)
    np.testing.assert_array_equal(mask, (x >= -1) & (x <= 1) & (y >= -0.5) & (y <= 1.5))
    assert 0 < mask.sum() < len(mask)


def test_images_in_memory_and_on_disk_are_equal(tiny):
    dataset = open_dataset(*tiny)
    memory, disk, again = (dataset.split("test", cache) for cache in ("memory", "disk", "disk"))
    assert not isinstance(memory.images, np.memmap)
    for split in (disk, again):
        assert isinstance(split.images, np.memmap)
        np.testing.assert_array_equal(split.images[[3, 1]], memory.images[[3, 1]])
        np.testing.assert_array_equal(split.images, memory.images)
        for label, values in memory.labels.items():
            np.testing.assert_array_equal(split.labels[label], values)


def test_unknown_splits_and_caches_are_refused(tiny):
    dataset = open_dataset(*tiny)
    with pytest.raises(InputError, match="'train'; accepted: encoder_train, encoder_validation"):
        dataset.split("train")
    with pytest.raises(InputError, match="auto, memory, disk"):
        dataset.split("test", "gpu")
