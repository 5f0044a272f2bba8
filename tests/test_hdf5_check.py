"""HDF5 files: whole ones pass, and what loops or declares too much ends in one line."""

import zipfile

import h5py
import numpy as np
import pytest

from tfdeepsim import hdf5_check
from tfdeepsim.errors import InputError
from tfdeepsim.hdf5_check import check_hdf5

RULE, ACCEPTED = "a whole file", "another"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["a", "b"]
        group = file.create_group("layers/dense/vars")
        group.create_dataset("0", data=np.ones((3, 4), np.float32))
        group.create_dataset("1", data=np.ones(4, np.float32))
    return path


def test_a_whole_file_passes(path, tmp_path):
    check_hdf5(path, RULE, ACCEPTED)
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.write(path, hdf5_check.WEIGHTS)
    check_hdf5(tmp_path / "model.keras", RULE, ACCEPTED)


def test_a_file_that_makes_the_library_loop_is_one_line(path, monkeypatch):
    """A changed byte with which HDF5 2.0 loops; another version may refuse it."""
    monkeypatch.setattr(hdf5_check, "_SECONDS", 3)
    data = bytearray(path.read_bytes())
    data[2072] = 129
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a whole file: got .*weights\.h5"):
        check_hdf5(path, RULE, ACCEPTED)


def test_a_small_file_that_declares_much_is_one_line(path):
    with h5py.File(path, "a") as file:
        file.create_dataset("huge", shape=(10**12,), dtype="f4", chunks=(1024,))
    with pytest.raises(InputError, match=r"huge declares 4,000,000,000,000 bytes, in a file of"):
        check_hdf5(path, RULE, ACCEPTED)


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n"])
def test_another_file_is_one_line(tmp_path, content):
    path = tmp_path / "weights.h5"
    path.write_bytes(content)
    with pytest.raises(InputError, match="OSError"):
        check_hdf5(path, RULE, ACCEPTED)


def test_a_keras_file_without_weights_is_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(InputError, match=hdf5_check.WEIGHTS):
        check_hdf5(tmp_path / "model.keras", RULE, ACCEPTED)
