"""Datasets by name."""

import subprocess
import sys

import pytest

from tfdeepsim.data import check_name, describe, open_dataset
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions


@pytest.mark.parametrize(
    "name", ["llv2", "llv2/paper", "llv2/quickstart", "llv2/200x15-stride10-seed3"]
)
def test_correct_names_are_accepted(name):
    check_name(name)


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        *[
            (name, "llv2/SIZE, stl10, svhn")
            for name in ("", "llv3", "llv2/", "../llv2", "LLV2", "llv2:small")
        ],
        *[
            (name, "folder:PATH, zip:FILE")
            for name in ("folder", "folder:", "folder/x", "stl10:x", "zip")
        ],
        *[(name, "paper, or ROLLOUTSxFRAMES-strideN") for name in ("llv2/huge", "llv2/small/x")],
    ],
)
def test_unknown_names_are_refused_with_what_is_accepted(name, accepted, tmp_path):
    for ask in (
        check_name,
        lambda name: describe(name, tmp_path),
        lambda name: open_dataset(name, tmp_path),
    ):
        with pytest.raises(InputError, match=accepted):
            ask(name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"resize": "tile"}, "--resize is for image files"),
        ({"labels": "l.csv"}, "--labels is for image files"),
        ({"split": "80/10/10"}, "--split is for image files"),
        ({"image_size": 96}, "LLv2's frames have one size: got 96; accepted: 64"),
    ],
)
def test_options_for_image_files_are_refused_for_llv2(option, message, tiny):
    for ask in (describe, open_dataset):
        with pytest.raises(InputError, match=message):
            ask(*tiny, DataOptions(**option))


def test_names_are_checked_without_tensorflow_or_the_simulator():
    program = (
        "import sys, tfdeepsim.data as data;"
        "assert 'numpy' not in sys.modules;"
        "data.check_name('llv2/paper');"
        "data.describe('llv2/paper', '/nowhere');"
        "print([m for m in ('tensorflow', 'gymnasium', 'pygame', 'keras') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_describing_writes_nothing(tmp_path):
    described = describe("llv2", tmp_path)
    assert described.name == "llv2"
    assert not described.ready
    assert described.splits["encoder_train"] == 13_500
    assert described.bytes_needed > 45_000 * 500
    assert described.seconds_needed > 0
    assert list(tmp_path.iterdir()) == []


def test_equal_sizes_of_llv2_have_the_same_name(tmp_path):
    assert (
        describe("llv2/small", tmp_path).name
        == describe("llv2/1000x15-stride10-seed0", tmp_path).name
        == "llv2"
    )
    assert describe("llv2/20x3-stride2-seed0", tmp_path).name == "llv2/20x3-stride2"


def test_the_data_folder_comes_from_the_argument_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "a"))
    assert describe("llv2/paper").folder == tmp_path / "a" / "llv2" / "paper" / "1.0.0"
    assert (
        describe("llv2/paper", tmp_path / "b").folder == tmp_path / "b" / "llv2" / "paper" / "1.0.0"
    )


def test_describing_a_dataset_that_exists(tiny):
    name, data_dir = tiny
    described = describe(name, data_dir)
    assert described.ready
    assert described.seconds_needed == described.bytes_needed == 0
    assert described.splits == open_dataset(name, data_dir).splits


def test_a_data_folder_that_cannot_be_read_ends_in_one_line(tmp_path):
    for ask in (describe, open_dataset):
        with pytest.raises(InputError, match="data folder must be readable"):
            ask("llv2/2x1-stride1", tmp_path / ("x" * 300))
