"""Hostile pickles take neither memory nor time, and change nothing in this process."""

import subprocess
import sys

import pytest
from handmade_caffe import array, entries, objects, word, write_npy
from handmade_checkpoint import atom, call, dictionary, storage, tensor, write_zip

from tfdeepsim.comparators.weights.formats import pytorch
from tfdeepsim.comparators.weights.formats.npy import read_npy_file
from tfdeepsim.comparators.weights.formats.pytorch import read_pytorch_file
from tfdeepsim.errors import InputError

TENSOR = tensor(storage("0", 1), (1,), (1,))
ONE = {"0": bytes(4)}


def little(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def doubled_tuple(levels: int) -> bytes:
    """A tuple of two times the tuple before; to hash it takes 2**levels steps."""
    return b")" + b"".join(b"q\x01h\x01\x86" for _ in range(levels))


def deep_tuple(levels: int) -> bytes:
    """A tuple in a tuple in a tuple: to hash it takes as many calls of C functions."""
    return b")" + b"\x85" * levels


def key(value: bytes) -> bytes:
    return b"}" + value + b"Ns"


NOTHING = atom((None, None))
"""A state that sets no attributes."""

BOMBS = {
    "memo of a gigabyte": atom(1) + b"r" + little(2**26, 4),
    "largest memo": atom(1) + b"r" + little(2**32 - 1, 4),
    "bytes of 4 gigabytes": b"B" + little(2**32 - 1, 4),
    "bytes of an exabyte": b"\x8e" + little(2**60, 8),
    "text of 4 gigabytes": b"X" + little(2**32 - 1, 4),
    "text of a terabyte": b"\x8d" + little(2**40, 8),
    "byte array of a gigabyte": b"\x96" + little(2**30, 8),
    "number of 2 gigabytes": b"\x8b" + little(2**31 - 1, 4),
    "frame of an exabyte": b"\x95" + little(2**60, 8),
    "key that is hashed for ever": key(doubled_tuple(100)),
    "keys that are hashed for ever": b"}(" + doubled_tuple(100) + b"Nu",
    "key that is hashed for ever, after no attributes": key(doubled_tuple(100) + NOTHING + b"b"),
    "key that overflows the stack": key(deep_tuple(10**6)),
    "set that is hashed for ever": b"\x8f(" + doubled_tuple(100) + b"\x90",
}
OF_PYTORCH = {
    "tensor of a terabyte": tensor(storage("0", 1), (2**40,), (0,)),
    "storage of a petabyte": tensor(storage("0", 2**48), (2**48,), (1,)),
    "dictionaries of one list": b"](" + (atom("a") + TENSOR) * 1000 + b"eq\x010"
    b"ccollections\nOrderedDict\nq\x02" + b"h\x02h\x01\x85R" * 1000,
}
OF_NPY = {
    "array of a terabyte": objects(entries(fc6=b"](" + array(word(b""), (2**38,)) * 2 + b"e")),
    "bytes of one text": b"X" + little(10**6, 4) + bytes(10**6) + b"q\x00"
    b"c_codecs\nencode\nq\x01" + b"h\x01h\x00\x85R" * 10**4,
}

READ_ALL = """
import resource, sys
from tfdeepsim.comparators.weights.formats.read import read_weight_file
from tfdeepsim.errors import InputError

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
before = peak()
for path in sys.argv[1:]:
    try:
        read_weight_file(path, ["a", "fc6.weight"])
        print("read")
    except InputError as error:
        print(error)
    assert peak() - before < 100, f"{path} took {peak() - before:.0f} MB"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
@pytest.mark.parametrize("form", ["pth", "npy"])
def test_bombs_are_refused_in_little_memory_and_time(form, tmp_path):
    bombs = BOMBS | (OF_PYTORCH if form == "pth" else OF_NPY)
    files = [tmp_path / f"{name}.{form}" for name in bombs]
    for file, body in zip(files, bombs.values(), strict=True):
        if form == "pth":
            write_zip(file, dictionary(a=body), ONE)
        else:
            write_npy(file, body)
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, *files], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-500:]
    lines = done.stdout.splitlines()
    assert len(lines) == len(files)
    for file, line in zip(files, lines, strict=True):
        assert line.startswith(f"cannot read {file}: "), line
        assert "MemoryError" not in line


@pytest.mark.parametrize(
    "value",
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n",
        b"ccollections\nOrderedDict\n",
        b"ctorch\nFloatStorage\n",
        storage("0", 1),
        TENSOR,
    ],
)
@pytest.mark.parametrize(
    "state",
    [
        dictionary(size=atom((2**40,)), __defaults__=atom((1,))),
        atom(None) + dictionary(size=atom((2**40,))) + b"\x86",
        NOTHING,
        atom((1, 2, 3)),
    ],
)
def test_a_pickle_sets_no_attributes(value, state, tmp_path):
    write_zip(tmp_path / "a.pth", dictionary(a=TENSOR, b=value + state + b"b"), ONE)
    with pytest.raises(InputError, match="attributes of an object that has none"):
        read_pytorch_file(tmp_path / "a.pth")
    assert pytorch._tensor.__defaults__ is None


@pytest.mark.parametrize("name", [b"cnumpy\nndarray\n", b"cnumpy\ndtype\n"])
def test_a_pickle_of_arrays_sets_no_attributes_of_classes(name, tmp_path):
    write_npy(tmp_path / "a.npy", objects(name + entries(shape=atom(1)) + b"b"))
    with pytest.raises(InputError, match="attributes of an object that has none"):
        read_npy_file(str(tmp_path / "a.npy"), ["fc6.weight"])


@pytest.mark.parametrize(
    "body",
    [
        call("torch._utils", "_rebuild_parameter", deep_tuple(3), atom(True)),
        call("torch._utils", "_rebuild_parameter", atom("word"), atom(True)),
    ],
)
def test_a_parameter_is_a_tensor(body, tmp_path):
    write_zip(tmp_path / "a.pth", dictionary(a=TENSOR, b=body), ONE)
    with pytest.raises(InputError, match="a parameter that is no tensor"):
        read_pytorch_file(tmp_path / "a.pth")


@pytest.mark.parametrize("order", [b"f4,", b"O,", b"2", b""])
def test_the_byte_order_of_an_array_is_nothing_else(order, tmp_path):
    kernel = array(word(bytes(8)), (1,), b"f4", order)
    write_npy(tmp_path / "a.npy", objects(entries(fc6=b"](" + kernel * 2 + b"e")))
    with pytest.raises(InputError, match="something else than numbers"):
        read_npy_file(str(tmp_path / "a.npy"), ["fc6.weight"])
