"""Weights files packed as float16 with a card; runs in `training/test_comparator_task.py`."""

import json
import shlex

import numpy as np
import pytest
from handmade_checkpoint import write_arrays
from safetensors.numpy import load_file, save_file

from tfdeepsim.comparators.__main__ import main
from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.weights.load import random_weights
from tfdeepsim.files import sha256_of


@pytest.fixture(scope="module")
def tensors():
    return random_weights(ALEXNET.tensor_shapes("conv2"), seed=5)


@pytest.fixture
def files(tensors, tmp_path, monkeypatch):
    """The same weights in two formats, in the current folder."""
    monkeypatch.chdir(tmp_path)
    save_file(tensors, "whole.safetensors")
    write_arrays("whole.pth", **{name.replace(".", "__"): x for name, x in tensors.items()})


def flags(**changes):
    values = {
        "comparator": "alexnet",
        "layer": "pool1",
        "out": "alexnet.safetensors",
        "data": "photographs",
        "source": "the author's file",
        "saw-labels": "ImageNet-1k",
        "licence": "BSD-3-Clause",
    }
    return [word for name, value in (values | changes).items() for word in (f"--{name}", value)]


@pytest.mark.parametrize("file", ["whole.safetensors", "whole.pth"])
def test_packs_a_file_up_to_a_layer(files, tensors, file):
    assert main([file, *flags()]) == 0
    packed = load_file("alexnet.safetensors")
    assert set(packed) == {"features.0.weight", "features.0.bias"}
    for name, value in packed.items():
        assert value.dtype == np.float16
        np.testing.assert_array_equal(value, tensors[name].astype(np.float16))
    with open("alexnet.json") as text:
        card = json.load(text)
    assert card["layers"] == ["conv1", "relu1", "pool1"]
    assert (card["saw_labels"], card["licence"]) == ("ImageNet-1k", "BSD-3-Clause")
    assert card["source"] == "the author's file"
    assert (card["source_file"], card["source_sha256"]) == (file, sha256_of(file))
    assert card["sha256"] == sha256_of("alexnet.safetensors")
    kernel = tensors["features.0.weight"]
    rounding = np.abs(kernel - kernel.astype(np.float16).astype(np.float32)).max()
    assert card["largest_rounding"] == pytest.approx(rounding, rel=0.05)


def test_the_command_on_the_card_writes_the_same_bytes(files):
    assert main(["whole.safetensors", *flags()]) == 0
    with open("alexnet.json") as text:
        card = json.load(text)
    python, dash, module, *words = shlex.split(card["command"])
    assert (python, dash, module) == ("python", "-m", "tfdeepsim.comparators")
    assert main([*words, "--overwrite"]) == 0
    assert sha256_of("alexnet.safetensors") == card["sha256"]
    with open("alexnet.json") as text:
        assert json.load(text) == card


def test_the_format_of_the_file_does_not_matter(files):
    digests = []
    for file in ("whole.safetensors", "whole.pth"):
        assert main([file, *flags(), "--overwrite"]) == 0
        digests.append(sha256_of("alexnet.safetensors"))
    assert digests[0] == digests[1]


def test_a_network_without_labels_has_none_on_its_card(files):
    words = flags()
    at = words.index("--saw-labels")
    assert main(["whole.pth", *words[:at], *words[at + 2 :]]) == 0
    with open("alexnet.json") as text:
        assert json.load(text)["saw_labels"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (flags(layer="conv3"), "got no features.6.weight"),
        (flags(layer="conv9"), "no such layer: got 'conv9'"),
        (flags(comparator="keras:VGG16"), "got keras:VGG16; accepted: alexnet"),
        (flags()[2:], "needs --comparator"),
        ([word for word in flags() if word not in ("--source", "the author's file")], "--source"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(files, capsys, tmp_path, words, message):
    before = set(tmp_path.iterdir())
    assert main(["whole.pth", *words]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ")
    assert "\n" not in error
    assert message in error
    assert set(tmp_path.iterdir()) == before


def test_a_missing_file_is_refused(files, capsys):
    assert main(["absent.pth", *flags()]) == 2
    assert "no file absent.pth" in capsys.readouterr().err


def test_a_run_is_not_told_its_network(files, capsys, tmp_path):
    (tmp_path / "run").mkdir()
    assert main(["run", *flags()]) == 2
    assert "a run knows its network and labels: got --comparator" in capsys.readouterr().err
