"""Files of MATLAB 5, which SciPy writes: read as SciPy reads them, and damaged ones refused."""

import struct

import numpy as np
import pytest
import scipy.io

from tfdeepsim.data.mat_file import MatFileError, list_mat_arrays, read_mat_array

RANDOM = np.random.default_rng(0)
ARRAYS = {
    "X": RANDOM.integers(0, 256, (32, 32, 3, 5), dtype=np.uint8),
    "y": np.arange(1, 6, dtype=np.uint8)[:, None],
    "one": np.array([[7]], np.uint8),
    "wide": RANDOM.normal(size=(3, 4)),
    "whole": np.arange(300.0)[None],  # which MATLAB stores in two bytes a number
    "big": np.array([[2**40, -5]], np.int64),
    "single": np.float32([[0.5, 2]]),
    "empty": np.zeros((0, 3)),
}


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def path(request, tmp_path):
    path = tmp_path / "arrays.mat"
    scipy.io.savemat(path, ARRAYS, do_compression=request.param)
    return path


def test_arrays_are_those_of_scipy(path):
    assert list(list_mat_arrays(path)) == list(ARRAYS)
    for name, array in scipy.io.loadmat(path).items():
        if not name.startswith("__"):
            read = read_mat_array(path, name)
            assert (read.dtype, read.shape) == (array.dtype, array.shape)
            np.testing.assert_array_equal(read, array)
            assert list_mat_arrays(path)[name] == (array.shape, array.dtype)


def test_text_cells_and_complex_numbers_are_listed_only(tmp_path):
    path = tmp_path / "others.mat"
    cells = np.empty((1, 1), object)
    cells[0, 0] = "x"
    scipy.io.savemat(path, {"text": "word", "cells": cells, "z": np.array([[1 + 2j]])})
    assert {array.dtype for array in list_mat_arrays(path).values()} == {None}
    with pytest.raises(MatFileError, match="real numbers"):
        read_mat_array(path, "z")
    with pytest.raises(MatFileError, match="no array y"):
        read_mat_array(path, "y")


def read_all(path):
    for name in list_mat_arrays(path):
        read_mat_array(path, name)


def test_no_changed_byte_does_more_than_raise(path, tmp_path):
    data = path.read_bytes()
    damaged, read = tmp_path / "damaged.mat", 0
    for _ in range(300):
        copy = bytearray(data)
        copy[RANDOM.integers(116, min(len(data), 700))] = RANDOM.integers(256)
        damaged.write_bytes(copy)
        try:
            read_all(damaged)
            read += 1
        except MatFileError:
            pass
    assert 0 < read < 300


def test_a_cut_file_is_refused(path, tmp_path):
    data = path.read_bytes()
    cut = tmp_path / "cut.mat"
    for length in (0, 127, 132, 140, 200, len(data) // 2, len(data) - 1):
        cut.write_bytes(data[:length])
        with pytest.raises(MatFileError):
            read_all(cut)


def test_declared_sizes_are_compared_with_the_file_before_memory_is_taken(tmp_path):
    path = tmp_path / "huge.mat"
    scipy.io.savemat(path, {"X": np.zeros((4, 4), np.uint8)})
    data = bytearray(path.read_bytes())
    # The tag of the numbers: its type, then the number of bytes.
    place = data.rindex(struct.pack("<II", 2, 16))
    data[place + 4 : place + 8] = struct.pack("<I", 2**32 - 1)
    path.write_bytes(data)
    with pytest.raises(MatFileError, match=r"4,294,967,295 bytes are declared, of at most"):
        read_mat_array(path, "X")
