"""Datasets by name."""

import subprocess
import sys

import pytest

from tfdeepsim.data import check_name, describe, open_dataset
from tfdeepsim.errors import InputError


@pytest.mark.parametrize("name", ["llv2", "llv2/paper", "llv2/quickstart", "llv2/200x15-stride10-seed3"])
def test_known_names(name):
    check_name(name)


@pytest.mark.parametrize("name", ["", "llv3", "llv2/", "llv2/huge", "llv2/small/x", "../llv2", "LLV2"])
def test_unknown_names_are_refused_with_what_is_accepted(name, tmp_path):
    for ask in (check_name, lambda name: describe(name, tmp_path), lambda name: open_dataset(name, tmp_path)):
        with pytest.raises(InputError, match="paper, or ROLLOUTSxFRAMES-strideN"):
            ask(name)
    assert list(tmp_path.iterdir()) == []


def test_names_are_checked_without_tensorflow_or_the_simulator():
    program = (
        "import sys, tfdeepsim.data as data; data.check_name('llv2/paper');"
        "assert 'numpy' not in sys.modules;"
        "data.describe('llv2/paper', '/nowhere');"
        "print([m for m in ('tensorflow', 'gymnasium', 'pygame', 'keras') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_describing_makes_nothing(tmp_path):
    described = describe("llv2", tmp_path)
    assert described.name == "llv2"
    assert not described.made
    assert described.splits["encoder_train"] == 13_500
    assert described.bytes_needed > 45_000 * 500
    assert described.seconds_needed > 0
    assert list(tmp_path.iterdir()) == []


def test_one_dataset_has_one_name(tmp_path):
    assert (
        describe("llv2/small", tmp_path).name
        == describe("llv2/1000x15-stride10-seed0", tmp_path).name
        == "llv2"
    )
    assert describe("llv2/20x3-stride2-seed0", tmp_path).name == "llv2/20x3-stride2"


def test_the_folder_of_all_datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "a"))
    assert describe("llv2/paper").folder == tmp_path / "a" / "llv2" / "paper" / "1.0.0"
    assert describe("llv2/paper", tmp_path / "b").folder == tmp_path / "b" / "llv2" / "paper" / "1.0.0"


def test_describing_what_was_made(tiny):
    name, data_dir = tiny
    described = describe(name, data_dir)
    assert described.made
    assert described.seconds_needed == described.bytes_needed == 0
    assert described.splits == open_dataset(name, data_dir).splits


def test_a_data_folder_that_cannot_be_looked_at_ends_in_one_line(tmp_path):
    for ask in (describe, open_dataset):
        with pytest.raises(InputError, match="data folder must be readable"):
            ask("llv2/2x1-stride1", tmp_path / ("x" * 300))
