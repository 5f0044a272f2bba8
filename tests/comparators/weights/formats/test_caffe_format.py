import struct

import numpy as np
import pytest
from handmade_caffe import (
    CAFFE_ORDER,
    blob,
    field,
    layer_v1,
    layer_v2,
    numbers,
    swapped,
    varint,
    write_caffemodel,
)

from tfdeepsim.comparators.weights.formats.caffe import read_caffe_file
from tfdeepsim.comparators.weights.formats.read import read_weight_file
from tfdeepsim.errors import InputError

RNG = np.random.default_rng(0)
WEIGHTS = {
    "conv1.weight": RNG.normal(size=(4, 3, 5, 5)).astype(np.float32),
    "conv1.bias": RNG.normal(size=4).astype(np.float32),
    "conv2.weight": RNG.normal(size=(6, 2, 3, 3)).astype(np.float32),
    "conv2.bias": RNG.normal(size=6).astype(np.float32),
    "fc6.weight": RNG.normal(size=(7, 54)).astype(np.float32),
    "fc6.bias": RNG.normal(size=7).astype(np.float32),
}
FORMS = {"v1": layer_v1, "v2": layer_v2}
WHOLE = r"cannot read .*a\.caffemodel: it must be a whole binary \.caffemodel: got"


@pytest.fixture(params=FORMS)
def layer(request):
    return FORMS[request.param]


@pytest.fixture
def read(tmp_path):
    """A function that reads a file of some bytes."""

    def read(data, *names):
        (tmp_path / "a.caffemodel").write_bytes(data)
        return read_caffe_file(str(tmp_path / "a.caffemodel"), names or WEIGHTS)

    return read


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_reads_what_was_written(layer, legacy, packed, kind, tmp_path):
    weights = {name: value.astype(kind) for name, value in WEIGHTS.items()}
    write_caffemodel(tmp_path / "a.caffemodel", weights, layer=layer, legacy=legacy, packed=packed)
    found = read_weight_file(tmp_path / "a.caffemodel", WEIGHTS).tensors
    assert set(found) == set(weights)
    for name, value in weights.items():
        assert found[name].dtype == kind
        np.testing.assert_array_equal(found[name], value, err_msg=name, strict=True)
        assert not found[name].flags.writeable


def test_equals_what_protobuf_reads(read):
    """Google's parser reads the same from the same bytes, and the other way round."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="partial.proto", package="caffe")
    messages = {
        "Blob": [("num", 1, 5, 1), ("data", 5, 2, 3), ("shape", 7, 11, 1)],
        "Shape": [("dim", 1, 3, 3)],
        "Layer": [("name", 1, 9, 1), ("type", 2, 9, 1), ("blobs", 7, 11, 3)],
        "Net": [("name", 1, 9, 1), ("layer", 100, 11, 3)],
    }
    kinds = {"shape": ".caffe.Shape", "blobs": ".caffe.Blob", "layer": ".caffe.Layer"}
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for title, number, kind, label in fields:
            message.field.add(
                name=title, number=number, type=kind, label=label, type_name=kinds.get(title)
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    net = message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.Net"))()
    net.name = "other writer"
    for name in ("conv1", "fc6"):
        added = net.layer.add(name=name, type="Convolution")
        for part in ("weight", "bias"):
            values = WEIGHTS[f"{name}.{part}"]
            added.blobs.add(data=values.reshape(-1).tolist()).shape.dim.extend(values.shape)
    found = read(net.SerializeToString()).tensors
    assert set(found) == {"conv1.weight", "conv1.bias", "fc6.weight", "fc6.bias"}
    for name, value in found.items():
        np.testing.assert_array_equal(value, WEIGHTS[name], strict=True)
    # It also reads what is written by hand here.
    net.ParseFromString(layer_v2("fc6", "dense", blob(WEIGHTS["fc6.weight"])))
    values = np.array(net.layer[0].blobs[0].data, np.float32).reshape(
        net.layer[0].blobs[0].shape.dim
    )
    np.testing.assert_array_equal(values, WEIGHTS["fc6.weight"])


def test_reads_only_the_requested_names(read, layer):
    damaged = blob(np.zeros(3, np.float32))[:-1] + bytes([9])
    data = layer("conv1", "conv", blob(WEIGHTS["conv1.weight"]), damaged) + layer(
        "conv2", "conv", damaged
    )
    assert set(read(data, "conv1.weight", "absent.bias").tensors) == {"conv1.weight"}


def test_reads_one_blob_of_two_and_ignores_a_third(read, layer):
    one = blob(np.ones((2, 2), np.float32))
    assert set(read(layer("fc6", "dense", one)).tensors) == {"fc6.weight"}
    assert set(read(layer("fc6", "dense", one, blob(np.ones(2, np.float32)), b"\xff")).tensors) == {
        "fc6.weight",
        "fc6.bias",
    }


def test_joins_numbers_in_several_runs(read):
    first, second = np.arange(3, dtype=np.float32), np.arange(3, 6, dtype=np.float32)
    mixed = numbers(first) + field(7, field(1, varint(6))) + numbers(second, packed=False)
    np.testing.assert_array_equal(
        read(layer_v2("conv1", "conv", mixed)).tensors["conv1.weight"], np.arange(6)
    )


@pytest.mark.parametrize("legacy", [True, False])
def test_knows_the_order_of_pool_and_lrn(layer, legacy, tmp_path):
    for order, pool_first in ((CAFFE_ORDER, False), (swapped(CAFFE_ORDER), True)):
        write_caffemodel(tmp_path / "a.caffemodel", WEIGHTS, order, layer, legacy=legacy)
        assert read_caffe_file(str(tmp_path / "a.caffemodel"), WEIGHTS).pool_first is pool_first


def test_a_network_without_lrn_has_no_such_order(read, layer):
    assert read(layer("pool1", "pool") + layer("relu1", "relu")).pool_first is None
    assert read(layer("relu1", "relu") + layer("norm1", "lrn")).pool_first is None


BAD_BLOBS = {
    "fewer": field(7, field(1, varint(7))) + numbers(np.zeros(6, np.float32)),
    "more": field(7, field(1, varint(5))) + numbers(np.zeros(6, np.float32)),
    "legacy": field(1, 2) + field(2, 3) + numbers(np.zeros(6, np.float32)),
    "no shape": numbers(np.zeros(6, np.float32)),
    "no numbers": field(7, field(1, varint(6))),
    "half a number": field(7, field(1, varint(1))) + field(5, bytes(6)),
    "negative": field(7, field(1, varint(2**64 - 1))) + numbers(np.zeros(1, np.float32)),
    "huge": field(7, field(1, varint(2**62) * 3)) + numbers(np.zeros(1, np.float32)),
    "empty and huge": field(7, field(1, varint(2**63) + varint(0))),
    "many axes": field(7, field(1, varint(1) * 33)) + numbers(np.zeros(1, np.float32)),
    "a million axes": field(7, field(1, bytes([1]) * 10**6)) + numbers(np.zeros(1, np.float32)),
    "an endless axis": field(7, field(1, b"\xff" * 11)) + numbers(np.zeros(1, np.float32)),
    "no blob": b"\xff\xff",
}


@pytest.mark.parametrize("name", BAD_BLOBS)
def test_refuses_a_blob_that_does_not_fit_its_shape(name, layer, read):
    with pytest.raises(InputError, match=WHOLE) as error:
        read(layer("conv1", "conv", BAD_BLOBS[name]))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


V0 = field(
    2, field(1, field(1, b"conv1") + field(50, blob(np.zeros((1, 2), np.float32), legacy=True)))
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"name: 'AlexNet' layer { name: 'conv1' }",
        b"<!DOCTYPE html>",
        b"PK\x03\x04" + bytes(100),
        b"\x89HDF\r\n\x1a\n" + bytes(100),
        b"\x93NUMPY\x01\x00v\x00{'descr'",
        bytes(1000),
        b"\xff" * 1000,
        field(1, b"only a name"),
        V0,
        field(100, field(2, b"Data")),
        field(100, field(1, b"\xff\xfe")),
        field(100, 5),
        varint(100 << 3 | 2) + varint(2**62),
        b"\x0b\x0c",
    ],
)
def test_refuses_other_files(data, read):
    with pytest.raises(InputError, match=WHOLE) as error:
        read(data)
    assert "\n" not in str(error.value)


def test_refuses_every_truncation_inside_a_layer(layer, read):
    data = layer(
        "conv1",
        "conv",
        blob(np.arange(4, dtype=np.float32)),
        blob(np.ones(2, np.float32), legacy=True),
    )
    assert len(read(data).tensors) == 2
    for length in range(len(data)):
        with pytest.raises(InputError, match=WHOLE):
            read(data[:length])


def test_any_damaged_byte_leads_to_arrays_or_one_line(layer, read):
    data = layer(
        "conv1",
        "conv",
        blob(np.arange(4, dtype=np.float32)),
        blob(np.ones(2, np.float32), legacy=True),
    )
    refused = 0
    for position in range(len(data)):
        for flip in (0x01, 0x55, 0x80):
            try:
                found = read(
                    data[:position] + bytes([data[position] ^ flip]) + data[position + 1 :]
                )
            except InputError:
                refused += 1
            else:
                assert all(isinstance(value, np.ndarray) for value in found.tensors.values())
    assert refused > len(data) // 2


def test_does_not_read_layers_that_are_not_requested(tmp_path):
    """A sparse file of 16 GB is read at once, because its large blob is skipped."""
    size = 2**34
    small = layer_v2("conv1", "conv", blob(np.ones((2, 2), np.float32)))
    inner = field(1, b"fc6") + varint(7 << 3 | 2) + varint(size)
    path = tmp_path / "a.caffemodel"
    with open(path, "wb") as file:
        file.write(small + varint(100 << 3 | 2) + varint(len(inner) + size) + inner)
        file.truncate(file.tell() + size)
    found = read_caffe_file(str(path), ["conv1.weight"])
    path.unlink()
    assert set(found.tensors) == {"conv1.weight"}


def test_floats_are_little_endian(read):
    data = field(7, field(1, varint(1))) + field(5, struct.pack("<f", 1.5))
    assert read(layer_v2("conv1", "conv", data)).tensors["conv1.weight"] == [1.5]
