"""A dataset that several checks and runs share: described once and opened once."""

import numpy as np
import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import lazy_dataset
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.options import DataOptions


@pytest.fixture
def config(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8)
    np.savez(tmp_path / "images.npz", images=images)
    return TrainConfig(
        dataset=f"npz:{tmp_path / 'images.npz'}",
        data_dir=str(tmp_path),
        image_size=64,
        split_seed=3,
        latent_dim=4,
    )


@pytest.fixture
def calls(monkeypatch):
    """Names of the functions that are called."""
    names = []

    def counted(name):
        function = getattr(lazy_dataset, name)

        def call(*arguments):
            names.append(name)
            return function(*arguments)

        monkeypatch.setattr(lazy_dataset, name, call)

    for name in ("describe", "open_dataset"):
        counted(name)
    return names


def test_nothing_happens_before_it_is_needed(config, calls):
    data = LazyDataset(config)
    assert calls == []
    assert data.options == DataOptions(
        **{name: getattr(config, name) for name in ("dataset", "data_dir", "image_size")},
        split_seed=3,
    )
    assert type(data.options) is DataOptions


def test_it_is_described_and_opened_once(config, calls):
    data = LazyDataset(config)
    before = data.description
    assert calls == ["describe"]
    assert before.image_shape == (64, 64, 3)
    assert data.splits["test"] is data.splits["test"]
    assert len(data.splits["test"].images) == before.splits["test"]
    after = data.description
    assert calls == ["describe", "open_dataset"]
    assert (after.ready, after.bytes_needed, after.seconds_needed) == (True, 0, 0)
    assert dict(after.splits) == dict(before.splits)
