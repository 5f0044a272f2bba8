"""Arrays in files: whole ones are read as NumPy reads them, others end in one kind of error."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from tfdeepsim.numpy_files import DamagedArrays, npz_headers, read_npy, read_npz

ARRAYS = {
    "x": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "names": np.array(["a", "bc"]),
    "none": np.zeros((0, 5), np.float32),
    "one": np.array(0.5),
}


@pytest.fixture(params=[np.savez, np.savez_compressed])
def archive(request, tmp_path):
    request.param(tmp_path / "arrays.npz", **ARRAYS)
    return tmp_path / "arrays.npz"


def npy(header, content=b""):
    """A `.npy` file with any text as its header."""
    text = header.encode("latin-1")
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


def test_arrays_are_those_of_numpy(archive, tmp_path):
    read = read_npz(archive)
    assert list(read) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array)
        assert npz_headers(archive)[name] == (array.shape, array.dtype)
        np.save(tmp_path / "a.npy", array)
        for mapped in (False, True):
            np.testing.assert_array_equal(read_npy(tmp_path / "a.npy", mapped=mapped), array)
    assert list(read_npz(archive, "one")) == ["one"]


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (",
        "{'descr': '|u1', 'shape': (2,), }",
        "'''",
        "\x00",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': [('', '|V0')], 'fortran_order': False, 'shape': (9, 9), }",
        "((((((((((" * 200,
    ],
)
def test_a_header_that_is_not_true_is_refused(header, tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(npy(header, b"ab"))
    with pytest.raises(DamagedArrays):
        read_npy(path)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", npy(header, b"ab"))
    with pytest.raises(DamagedArrays):
        read_npz(tmp_path / "a.npz")


def test_objects_are_not_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(DamagedArrays, match="allow_pickle"):
        read_npy(tmp_path / "a.npy")
    (tmp_path / "b.npy").write_bytes(pickle.dumps(1))
    with pytest.raises(DamagedArrays):
        read_npy(tmp_path / "b.npy")


def test_a_missing_array_and_a_missing_file(archive, tmp_path):
    with pytest.raises(DamagedArrays, match="KeyError"):
        read_npz(archive, "x", "other")
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "no.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_no_changed_byte_does_more_than_raise(method, tmp_path):
    content = io.BytesIO()
    np.save(content, ARRAYS["x"])
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("x.npy", content.getvalue())
    data, random, read = path.read_bytes(), np.random.default_rng(0), 0
    for _ in range(400):
        copy = bytearray(data)
        copy[random.integers(len(data))] = random.integers(256)
        path.write_bytes(copy)
        try:
            read += len(read_npz(path))
        except DamagedArrays:
            pass
    assert 0 < read < 400
