"""Files of safetensors: what is written is read by the library, and is the same each time."""

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

from tfdeepsim.comparators.weights.formats.safetensors import (
    read_safetensors_file,
    write_safetensors_file,
)

TENSORS = {
    "b": np.arange(6, dtype=np.float32).reshape(2, 3),
    "a": np.ones(5, np.float16),
    "none": np.zeros((0, 2), np.float32),
}
TEXTS = {f"name {number}": f"text {number}, ä" for number in range(20)}


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "x.safetensors"
    write_safetensors_file(path, TENSORS, TEXTS)
    for read in (load_file(path), read_safetensors_file(str(path), TENSORS).tensors):
        assert set(read) == set(TENSORS)
        for name, tensor in TENSORS.items():
            assert read[name].dtype == tensor.dtype
            np.testing.assert_array_equal(read[name], tensor)
    with safe_open(path, framework="numpy") as file:
        assert file.metadata() == TEXTS


def test_the_same_tensors_and_texts_are_the_same_bytes(tmp_path):
    contents = set()
    for number in range(10):
        path = tmp_path / f"{number}.safetensors"
        order = sorted(TEXTS, key=lambda name: hash((name, number)))
        write_safetensors_file(path, TENSORS, {name: TEXTS[name] for name in order})
        contents.add(path.read_bytes())
    assert len(contents) == 1
