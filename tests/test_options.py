"""What may be asked of a dataset."""

import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions


def test_shares_add_up_to_one():
    assert DataOptions().shares() == (0.7, 0.1, 0.2)
    assert DataOptions().shares(own_test=True) == (0.9, 0.1)
    assert DataOptions(split="50/25/25").shares() == (0.5, 0.25, 0.25)
    assert DataOptions(split="80/20").shares(own_test=True) == (0.8, 0.2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"split": "70/10/10"}, r"--split must add up to 100 %: got 70/10/10, 90 %"),
        ({"split": "100/0/0"}, "--split"),
        ({"split": "a/b"}, "--split"),
        ({"split": "nan/50/50"}, "--split"),
        ({"split": "100"}, "--split"),
        ({"split": "25/25/25/25"}, "--split"),
        ({"image_size": 4}, "--image-size is out of range"),
        ({"shorter_side": 0}, "--shorter-side"),
        ({"shorter_side": 80, "crop": "stretch"}, "--shorter-side belongs to a centre crop"),
        ({"resize": "nearest"}, "unknown --resize: got nearest; accepted: bilinear, tile, reflect"),
        ({"cache": "cloud"}, "unknown --cache"),
        ({"max_bad": 2.0}, "--max-bad"),
        ({"split_seed": -1}, "--split-seed"),
    ],
)
def test_one_line_for_each_that_cannot_be(fields, message):
    with pytest.raises(InputError, match=message):
        DataOptions(**fields)


@pytest.mark.parametrize("reads", [0, -1, 1025])
def test_reads_at_the_same_time_are_bounded(reads):
    with pytest.raises(InputError, match=r"--parallel-reads is out of range"):
        DataOptions(parallel_reads=reads)


def test_wrong_number_of_shares_for_the_dataset():
    with pytest.raises(InputError, match="training and validation"):
        DataOptions(split="70/10/20").shares(own_test=True)
    with pytest.raises(InputError, match="three splits"):
        DataOptions(split="90/10").shares()


def test_a_training_config_is_data_options_too():
    config = TrainConfig(dataset="folder:photos", split="80/10/10", image_size=96)
    assert isinstance(config, DataOptions)
    assert config.shares() == (0.8, 0.1, 0.1)
    assert TrainConfig.from_dict(config.to_dict()) == config
