import os
import pickle

import numpy as np
import pytest
from handmade_caffe import (
    array,
    dtype,
    entries,
    header,
    kernel_and_bias,
    layers_of_npy,
    objects,
    word,
    write_npy,
    write_npy_of_python_2,
    write_npy_of_python_3,
)
from handmade_checkpoint import atom, call

from tfdeepsim.comparators.weights.formats.npy import read_npy_file
from tfdeepsim.comparators.weights.formats.read import read_weight_file
from tfdeepsim.errors import InputError

RNG = np.random.default_rng(0)
# The first dense layer reads a map of 2x2 positions and 6 channels.
WEIGHTS = {
    "conv1.weight": RNG.normal(size=(4, 3, 5, 5)).astype(np.float32),
    "conv1.bias": RNG.normal(size=4).astype(np.float32),
    "conv2.weight": RNG.normal(size=(6, 2, 3, 3)).astype(np.float32),
    "conv2.bias": RNG.normal(size=6).astype(np.float32),
    "fc6.weight": RNG.normal(size=(7, 24)).astype(np.float32),
    "fc6.bias": RNG.normal(size=7).astype(np.float32),
    "fc7.weight": RNG.normal(size=(5, 7)).astype(np.float32),
    "fc7.bias": RNG.normal(size=5).astype(np.float32),
}
LAYERS = layers_of_npy(WEIGHTS, side=2)
KERNEL, BIAS = np.ones((2, 3), np.float32), np.ones(3, np.float32)
PAIR = kernel_and_bias(KERNEL, BIAS)


def tensors_of(path, names):
    return read_npy_file(str(path), names).tensors


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.npy"


@pytest.fixture
def read(path):
    """A function that reads a file whose pickle consists of some opcodes."""

    def read(body, start=None):
        write_npy(path, body, start)
        return tensors_of(path, ["fc6.weight", "fc6.bias"])

    return read


def assert_holds_the_weights(path):
    found = read_weight_file(path, WEIGHTS).tensors
    assert list(found) == list(WEIGHTS)
    for name, value in WEIGHTS.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name, strict=True)


def test_reads_what_python_2_wrote(path):
    write_npy_of_python_2(path, LAYERS)
    # Python reads the pickle too.
    loaded = np.load(path, allow_pickle=True, encoding="latin1").item()
    np.testing.assert_array_equal(loaded["conv1"][0], LAYERS["conv1"][0])
    assert_holds_the_weights(path)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("form", ["list", "tuple", "dictionary", "bytes as keys"])
def test_reads_what_python_3_writes(form, protocol, path):
    forms = {
        "list": LAYERS,
        "tuple": {name: tuple(parts) for name, parts in LAYERS.items()},
        "dictionary": {name: {"weights": w, "biases": b} for name, (w, b) in LAYERS.items()},
        "bytes as keys": {
            name.encode(): {b"biases": b, b"weights": w} for name, (w, b) in LAYERS.items()
        },
    }
    write_npy_of_python_3(path, forms[form], protocol)
    assert_holds_the_weights(path)


def test_reads_what_numpy_saves(path):
    np.save(path, LAYERS)
    assert_holds_the_weights(path)


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8"])
def test_keeps_dtype_and_order(kind, protocol, path):
    kernel = np.asfortranarray(np.arange(6).reshape(2, 3).astype(kind))
    write_npy_of_python_3(path, {"fc6": [kernel, kernel[0]]}, protocol)
    found = tensors_of(path, ["fc6.weight", "fc6.bias"])
    np.testing.assert_array_equal(found["fc6.weight"], kernel.T)
    np.testing.assert_array_equal(found["fc6.bias"], [0, 1, 2])
    assert found["fc6.weight"].dtype == kind
    assert not found["fc6.weight"].flags.writeable


def test_reads_the_requested_names_and_ignores_the_rest(path):
    others = {
        "mean": np.arange(3),
        "rate": 0.1,
        "words": ["a", None, True],
        5: {},
        "fc6": LAYERS["fc6"],
    }
    np.save(path, others)
    assert set(tensors_of(path, ["fc6.bias", "conv1.bias"])) == {"fc6.bias"}


def test_a_map_that_is_no_square_is_only_transposed(path):
    np.save(path, {"conv5": LAYERS["conv1"], "fc6": [np.arange(60.0).reshape(20, 3), np.zeros(3)]})
    found = tensors_of(path, ["conv5.weight", "fc6.weight"])
    np.testing.assert_array_equal(found["fc6.weight"], np.arange(60.0).reshape(20, 3).T)


class Hostile:
    """Pickles as a call that creates a file."""

    def __init__(self, function, argument):
        self.call = function, (argument,)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", ["system", "eval"])
@pytest.mark.parametrize("place", ["whole", "layer", "kernel"])
def test_runs_nothing(place, name, protocol, path, tmp_path):
    victim = tmp_path / "victim"
    hostile = {
        "system": Hostile(os.system, f"touch {victim}"),
        "eval": Hostile(eval, f"open({str(victim)!r}, 'w')"),
    }[name]
    content = {"whole": hostile, "layer": {"fc6": hostile}, "kernel": {"fc6": [hostile, BIAS]}}[
        place
    ]
    path.write_bytes(header() + pickle.dumps(content, protocol))
    with pytest.raises(InputError, match="arrays only"):
        tensors_of(path, ["fc6.weight"])
    assert not victim.exists()


SYSTEM = b"cposix\nsystem\n"


@pytest.mark.parametrize(
    "body",
    [
        SYSTEM + word(b"touch victim") + b"\x85R",
        b"\x8c\x05posix\x8c\x06system\x93" + word(b"touch victim") + b"\x85R",
        b"(" + word(b"touch victim") + b"iposix\nsystem\n",
        b"(" + SYSTEM + word(b"touch victim") + b"o",
        b"cnumpy\nndarray\n" + atom((2**40,)) + b"\x81",
        b"cnumpy\nndarray\n)}\x92",
        b"\x82\x01",
        b"Pposix.system\n",
        word(b"posix.system") + b"Q",
        b"\x97",
        call("numpy", "load", word(b"x")),
        call("numpy", "frombuffer", word(b"x")),
        call("numpy.core.multiarray", "scalar"),
        call("numpy.core.multiarray", "_reconstruct.__globals__"),
        call("numpy.core", "multiarray._reconstruct.x"),
        call("_codecs", "decode", word(b"x")),
        call("torch._utils", "_rebuild_tensor_v2"),
        call("collections", "OrderedDict"),
        call("copyreg", "_reconstructor"),
    ],
)
def test_refuses_other_names_and_opcodes(body, read, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for whole in (body, objects(entries(fc6=body))):
        with pytest.raises(
            InputError, match=r"cannot read .*a\.npy: a \.npy file of weights holds arrays only"
        ):
            read(whole)
    assert not (tmp_path / "victim").exists()


def test_shows_a_hostile_name_without_its_control_characters(read):
    with pytest.raises(InputError) as error:
        read(call("os\x1b[2J", "x"))
    assert "\x1b" not in str(error.value)


SIX = word(bytes(24))


@pytest.mark.parametrize(
    "kernel",
    [
        array(SIX, (2, 4)),
        array(SIX, (2, 2)),
        array(SIX, (2**40, 2**40)),
        array(SIX, (-2, -3)),
        array(SIX, (6.0,)),
        array(SIX, (True, 6)),
        array(SIX, (1,) * 70 + (6,)),
        array(SIX, (1,) * 32 + (6, 2)),
        array(SIX, (6,), b"f8"),
        array(SIX, (6,), b"f3"),
        array(SIX, (6,), b"S4"),
        array(SIX, (6,), b"f4,f4"),
        array(SIX, (6,), b"f4", b"<<"),
        array(SIX, (6,), b"f4", b"V"),
        array(SIX, (1,), b"O8", b"|"),
        array(atom(2**40), (6,)),
        array(b"N", (6,)),
        array(b"]", (6,)),
        array(b"](" + atom(0) * 24 + b"e", (6,)),
        array(atom("ж" * 24), (6,)),
        call("numpy.core.multiarray", "_reconstruct"),
        call("numpy._core.numeric", "_frombuffer", SIX, atom(None), atom((6,)), atom("C")),
        call("numpy.core.multiarray", "_reconstruct") + b"(" + atom(1) + b"tb",
        dtype(b"f4"),
        b"N",
    ],
)
def test_refuses_arrays_that_make_no_sense(kernel, read):
    with pytest.raises(InputError, match=r"whole \.npy dictionary") as error:
        read(objects(entries(fc6=b"](" + kernel + array(SIX, (6,)) + b"e")))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "body",
    [
        b"N",
        b"}",
        entries(fc6=PAIR),
        array(SIX, (6,)),
        array(b"]", (), b"O8"),
        array(b"}", (), b"O8"),
        array(b"]}a}a", (), b"O8"),
        objects(atom("word")),
        objects(entries(fc6=array(SIX, (6,)))),
        objects(entries(fc6=b"]" + array(SIX, (6,)) + b"a")),
        objects(entries(fc6=entries(weights=array(SIX, (6,))))),
        objects(entries(fc6=b"}")),
        objects(b"}" + atom((1,)) + PAIR + b"s"),
        objects(entries(fc6=b"]" + b"}b")),
        call("numpy", "dtype"),
        call("numpy", "dtype", atom(5)),
        call("numpy", "ndarray", atom((5,))),
        call("_codecs", "encode", atom(5)),
        b"h\x63",
        b"e",
        b"u",
        b"R",
        b"b",
        b"\x93",
        b"]q\x00" + b"h\x00" * 2 + b"\x93",
    ],
)
def test_refuses_nonsense(body, read):
    with pytest.raises(InputError, match=r"a\.npy") as error:
        read(body)
    assert "\n" not in str(error.value)


def test_the_handmade_pickle_is_read_without_damage(read):
    np.testing.assert_array_equal(read(objects(entries(fc6=PAIR)))["fc6.weight"], KERNEL.T)


def doubling(levels):
    """A list that holds the list before it twice: 2**levels items when written out."""
    return b"]" + b"".join(b"q\x01](h\x01h\x01e" for _ in range(levels))


@pytest.mark.parametrize(
    "bomb",
    [
        b"B" + b"\xff\xff\xff\xff",
        b"\x8e" + b"\xff" * 7 + b"\x7f",
        b"X" + b"\xff\xff\xff\xff",
        b"T" + b"\xff\xff\xff\x7f",
        b"\x8b" + b"\xff\xff\xff\x7f",
        doubling(60) + b"\x85" + b"R",
        doubling(60) + word(b"x") + b"\x93",
        b"}" + doubling(60) + b"\x85Ns",
        objects(entries(fc6=doubling(60))),
        # A text of a megabyte, encoded as bytes a hundred thousand times.
        b"X" + (10**6).to_bytes(4, "little") + bytes(10**6) + b"q\x000"
        b"c_codecs\nencode\nq\x01" + b"h\x01h\x00\x85R" * 10**5,
    ],
)
def test_a_bomb_takes_neither_memory_nor_time(bomb, read):
    import tracemalloc

    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"a\.npy"):
            read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "start",
    [
        header((1,)),
        header((2**62,)),
        header((), "<f4"),
        header((), "|S1"),
        b"\x93NUMPY\x03" + header()[7:],
        b"\x93NUMPY\x02" + header()[7:],
        b"\x93NUMPX" + header()[6:],
        header()[:20] + b"__import__('os')" + header()[36:],
        header().replace(b"()", b"(1L,)").replace(b"   ", b"", 1),
        header().replace(b"()", b"\xff\xff"),
        header().replace(b"'|O'", b"'\\z'"),
        b"",
        b"\x93NUMPY\x01\x00\xff\xff",
    ],
)
def test_refuses_other_headers(start, read):
    with pytest.raises(InputError, match=r"whole \.npy dictionary") as error:
        read(objects(entries(fc6=PAIR)), start)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<!DOCTYPE html>", bytes(1000)])
def test_refuses_other_files(content, path):
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"whole \.npy dictionary"):
        tensors_of(path, WEIGHTS)


def test_refuses_an_array_of_numbers(path):
    np.save(path, np.zeros((2, 3), np.float32))
    with pytest.raises(InputError, match=r"array of shape \[2, 3\], float32"):
        tensors_of(path, WEIGHTS)


@pytest.mark.parametrize("version", [2, 3])
def test_refuses_every_truncation(version, path):
    layers = {"fc6": [KERNEL, BIAS]}
    if version == 2:
        write_npy_of_python_2(path, layers)
    else:
        write_npy_of_python_3(path, layers, 4)
    whole = path.read_bytes()
    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            tensors_of(path, ["fc6.weight"])


def test_any_damaged_byte_leads_to_arrays_or_one_line(path):
    write_npy_of_python_2(path, {"fc6": [KERNEL, BIAS]})
    whole = path.read_bytes()
    refused = 0
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            found = tensors_of(path, ["fc6.weight", "fc6.bias"])
        except InputError:
            refused += 1
        else:
            assert all(isinstance(value, np.ndarray) for value in found.values())
    assert refused > len(whole) // 3
