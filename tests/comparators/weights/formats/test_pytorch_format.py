import pickle
import zipfile

import numpy as np
import pytest
from handmade_checkpoint import (
    WRITERS,
    atom,
    call,
    dictionary,
    storage,
    tensor,
    write_arrays,
    write_zip,
)

from tfdeepsim.comparators.weights.formats.pytorch import read_pytorch_file
from tfdeepsim.errors import InputError

NUMBERS = np.arange(6, dtype="<f4")
STORE = storage("0", 6)
DATA = {"0": NUMBERS.tobytes()}


def tensors_of(path, names=None):
    return read_pytorch_file(path, names).tensors


@pytest.fixture(params=WRITERS)
def write(request, tmp_path):
    """A function that writes a checkpoint in one of the two formats and returns its path."""

    def write(body, storages=DATA):
        WRITERS[request.param](tmp_path / "file.pth", body, storages)
        return tmp_path / "file.pth"

    return write


def test_reads_a_tensor(write):
    read = tensors_of(write(dictionary(a=tensor(STORE, (2, 3), (3, 1)))))
    assert list(read) == ["a"]
    np.testing.assert_array_equal(read["a"], NUMBERS.reshape(2, 3))
    assert read["a"].dtype == np.float32


def test_reads_views_that_share_a_storage(write):
    body = dictionary(
        transposed=tensor(STORE, (3, 2), (1, 3)),
        tail=tensor(STORE, (2,), (1,), offset=4),
        scalar=tensor(STORE, (), (), offset=5),
        empty=tensor(STORE, (0, 4), (4, 1)),
    )
    read = tensors_of(write(body))
    np.testing.assert_array_equal(read["transposed"], NUMBERS.reshape(2, 3).T)
    np.testing.assert_array_equal(read["tail"], [4, 5])
    assert read["scalar"] == 5
    assert read["empty"].shape == (0, 4)


def test_reads_only_the_requested_names(write):
    body = dictionary(a=tensor(STORE, (6,), (1,)), b=tensor(STORE, (1,), (1,)))
    assert set(tensors_of(write(body), names=["b", "absent"])) == {"b"}


def test_unwraps_state_dict_and_module_prefix_and_leaves_out_the_rest(write):
    inner = dictionary(module__a=tensor(STORE, (6,), (1,)), module__b=atom("a word"))
    assert set(tensors_of(write(dictionary(epoch=atom(3), state_dict=inner)))) == {"a"}


def test_reads_a_parameter(write):
    parameter = call(
        "torch._utils", "_rebuild_parameter", tensor(STORE, (6,), (1,)), atom(True), b"}"
    )
    np.testing.assert_array_equal(tensors_of(write(dictionary(a=parameter)))["a"], NUMBERS)


def test_reads_an_ordered_dict_of_python_2_with_attributes(write):
    pairs = b"](](" + atom("a") + tensor(STORE, (6,), (1,)) + b"ee"
    body = call("collections", "OrderedDict", pairs) + dictionary(_metadata=b"}") + b"b"
    np.testing.assert_array_equal(tensors_of(write(body))["a"], NUMBERS)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (b"HalfStorage", np.array([0.5, -2], "<f2")),
        (b"DoubleStorage", np.array([0.1, 1e300], "<f8")),
        (b"LongStorage", np.array([1, -(2**40)], "<i8")),
        (b"BoolStorage", np.array([True, False])),
    ],
)
def test_keeps_the_dtype(kind, values, tmp_path):
    write_zip(
        tmp_path / "a.pth",
        dictionary(a=tensor(storage("0", 2, kind), (2,), (1,))),
        {"0": values.tobytes()},
    )
    read = tensors_of(tmp_path / "a.pth")["a"]
    assert read.dtype == values.dtype
    np.testing.assert_array_equal(read, values)


def test_reads_bfloat16_as_float32(tmp_path):
    halves = np.array([1.5, -3.0, 2.0**-100], "<f4").view("<u2")[1::2]
    body = dictionary(a=tensor(storage("0", 3, b"BFloat16Storage"), (3,), (1,)))
    write_zip(tmp_path / "a.pth", body, {"0": halves.tobytes()})
    np.testing.assert_array_equal(tensors_of(tmp_path / "a.pth")["a"], [1.5, -3.0, 2.0**-100])


class Hostile:
    """Pickles as a call that creates a file."""

    def __init__(self, function, argument):
        self.call = function, (argument,)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", ["system", "eval"])
def test_runs_nothing(name, protocol, write, tmp_path):
    import os

    victim = tmp_path / "victim"
    hostile = {
        "system": Hostile(os.system, f"touch {victim}"),
        "eval": Hostile(eval, f"open({str(victim)!r}, 'w')"),
    }[name]
    body = pickle.dumps({"a": hostile}, protocol)[:-1]
    with pytest.raises(InputError, match="tensors only"):
        tensors_of(write(body))
    assert not victim.exists()


@pytest.mark.parametrize(
    "body",
    [
        call("torch.nn.modules.container", "Sequential"),
        call("torch", "load", atom("x")),
        call("torch.storage", "_load_from_bytes", atom("x")),
        call("numpy", "load", atom("x")),
        b"(iposix\nsystem\n",
        b"(cposix\nsystem\n" + atom("true") + b"o",
        b"\x82\x01",
        b"ctorch._utils\n_rebuild_tensor_v2\n)\x81",
        call("collections", "OrderedDict.clear"),
    ],
)
def test_refuses_other_names_and_opcodes(body, write):
    with pytest.raises(InputError, match="tensors only"):
        tensors_of(write(dictionary(a=body)))


def test_shows_a_hostile_name_without_its_control_characters(write):
    with pytest.raises(InputError) as error:
        tensors_of(write(dictionary(a=call("os\x1b[2J", "x"))))
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [
        ((7,), (1,), 0),
        ((6,), (1,), 1),
        ((2, 3), (4, 1), 0),
        ((2**40,), (0,), 0),
        ((2**40, 2**40), (0, 0), 0),
        ((-1,), (1,), 0),
        ((2,), (-1,), 1),
        ((1,), (1,), -1),
        ((2,), (1, 1), 0),
        ((1.0,), (1,), 0),
        ((True,), (1,), 0),
        ((1,) * 40, (1,) * 40, 0),
        ((1,), (1,), "0"),
    ],
)
def test_refuses_a_tensor_outside_its_storage(size, stride, offset, write):
    with pytest.raises(InputError, match="PyTorch checkpoint"):
        tensors_of(write(dictionary(a=tensor(STORE, size, stride, offset))))


@pytest.mark.parametrize(
    "body",
    [
        b"N",
        b"}",
        b"]" + atom("a") + b"a",
        dictionary(a=atom(1)),
        dictionary(a=tensor(atom("no storage"), (1,), (1,))),
        dictionary(a=tensor(storage("0", -1), (0,), (1,))),
        dictionary(a=tensor(storage("0", 5), (1,), (1,))),
        dictionary(a=tensor(storage("0", 2**50), (1,), (1,))),
        dictionary(a=tensor(storage("1", 6), (1,), (1,))),
        dictionary(
            a=tensor(storage("0", 6, b"IntStorage"), (1,), (1,)), b=tensor(STORE, (1,), (1,))
        ),
        b"}" + atom((1, 2)) + tensor(STORE, (1,), (1,)) + b"s",
        dictionary(a=call("torch", "FloatStorage")),
        dictionary(a=b"h\x63"),
        b"u",
        b"0",
        b"R",
        b"Q",
    ],
)
def test_refuses_nonsense(body, write):
    with pytest.raises(InputError):
        tensors_of(write(body))


def test_a_memo_index_may_be_as_large_as_the_pickle_is_long(write):
    whole = dictionary(a=tensor(STORE, (6,), (1,)) + b"r%c%c\0\0", b=atom("x" * 300))
    assert set(tensors_of(write(whole % (80, 0)))) == {"a"}
    for low, high in ((255, 255), (0, 2)):
        with pytest.raises(InputError, match="a memo with more places than the pickle has bytes"):
            tensors_of(write(whole % (low, high)))


@pytest.mark.parametrize("nested", [b"]" * 10**5 + b"a" * (10**5 - 1), b")" + b"\x85" * 10**5])
def test_deep_nesting_costs_nothing(nested, write):
    assert set(tensors_of(write(dictionary(a=tensor(STORE, (6,), (1,)), b=nested)))) == {"a"}


def test_refuses_compressed_members(tmp_path):
    zeros = np.zeros(10_000, "<f4")
    body = dictionary(a=tensor(storage("0", zeros.size), zeros.shape, (1,)))
    write_zip(tmp_path / "a.pth", body, {"0": zeros.tobytes()}, zipfile.ZIP_DEFLATED)
    with pytest.raises(InputError, match="compressed"):
        tensors_of(tmp_path / "a.pth")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\x80\x02.", b"<!DOCTYPE html>", bytes(1000)]
)
def test_refuses_other_files(content, tmp_path):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.pth"):
        tensors_of(tmp_path / "a.pth")


def test_refuses_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "absent.pth", tmp_path):
        with pytest.raises(InputError, match="must be a file"):
            tensors_of(path)


def test_refuses_every_truncation(write):
    path = write(dictionary(a=tensor(STORE, (6,), (1,))))
    whole = path.read_bytes()
    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            tensors_of(path)


def test_any_damaged_byte_leads_to_a_tensor_or_one_line(write):
    path = write(dictionary(a=tensor(STORE, (6,), (1,))))
    whole = path.read_bytes()
    refused = 0
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            read = tensors_of(path)
        except InputError:
            refused += 1
        else:
            assert all(isinstance(value, np.ndarray) for value in read.values())
    assert refused > len(whole) // 3


def test_handmade_files_hold_their_arrays(tmp_path):
    write_arrays(tmp_path / "a.pth", a__weight=np.ones((2, 2), "<f4"))
    assert tensors_of(tmp_path / "a.pth")["a.weight"].shape == (2, 2)


@pytest.mark.parity
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
def test_reads_what_pytorch_writes(zipped, protocol, tmp_path):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    state = {
        "plain": base,
        "transposed": base.T,
        "view": base[1:3, ::2],
        "half": torch.randn(5).half(),
        "bfloat16": torch.randn(5).bfloat16(),
        "double": torch.randn(5).double(),
        "long": torch.tensor([2**40]),
        "bool": torch.tensor([True, False]),
        "scalar": torch.tensor(3.5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.randn(3)),
    }
    content = {"epoch": 3, "lr": 0.1, "arch": "x", "best": None, "state_dict": state}
    options = {"_use_new_zipfile_serialization": zipped, "pickle_protocol": protocol}
    torch.save(content, tmp_path / "a.pth", **options)
    read = tensors_of(tmp_path / "a.pth")
    assert list(read) == list(state)
    for name, expected in state.items():
        expected = expected.detach()
        expected = expected.float() if expected.dtype == torch.bfloat16 else expected
        assert read[name].dtype == expected.numpy().dtype
        np.testing.assert_array_equal(read[name], expected.numpy(), err_msg=name)


@pytest.mark.parity
@pytest.mark.parametrize("zipped", [True, False])
def test_reads_a_state_dict_and_refuses_a_module_of_pytorch(zipped, tmp_path):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    module = torch.nn.DataParallel(
        torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    )
    torch.save(module.state_dict(), tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    read = tensors_of(tmp_path / "a.pth")
    np.testing.assert_array_equal(read["0.weight"], module.module[0].weight.detach().numpy())
    torch.save(module, tmp_path / "b.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match="nothing was run"):
        tensors_of(tmp_path / "b.pth")
