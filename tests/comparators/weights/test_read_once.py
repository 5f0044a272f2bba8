"""A command reads and hashes a weights file once, and what was checked is what is used."""

import hashlib
import os

import keras
import numpy as np
import pytest
from handmade_checkpoint import write_arrays

from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.from_config import (
    check_comparator_of,
    comparator_identity,
    comparator_of,
)
from tfdeepsim.comparators.keras_applications import weights as keras_weights
from tfdeepsim.comparators.weights import load, read_once
from tfdeepsim.comparators.weights.bundled import bundled_file
from tfdeepsim.comparators.weights.load import load_weights, random_weights
from tfdeepsim.comparators.weights.read_once import ReadOnce, digest_once
from tfdeepsim.config import TrainConfig


def write(path, seed=0):
    weights = random_weights(ALEXNET.tensor_shapes("conv1"), seed)
    write_arrays(path, **{name.replace(".", "__"): value for name, value in weights.items()})
    return path


@pytest.fixture
def counts(monkeypatch):
    """How often files are read and hashed, by path."""
    counts = {"read": [], "hashed": []}

    def counted(kind, function):
        def call(path, *arguments):
            counts[kind].append(os.fspath(path))
            return function(path, *arguments)

        return call

    monkeypatch.setattr(load, "read_weight_file", counted("read", load.read_weight_file))
    monkeypatch.setattr(read_once, "sha256_of", counted("hashed", read_once.sha256_of))
    for module, name in ((load, "_LOADED"), (keras_weights, "_READ"), (read_once, "_DIGESTS")):
        monkeypatch.setattr(module, name, ReadOnce(4))
    return counts


@pytest.mark.parametrize("place", ["bundled", "given"])
def test_a_run_reads_and_hashes_the_weights_of_its_comparator_once(place, counts, tmp_path):
    path = bundled_file("alexnet") if place == "bundled" else write(tmp_path / "a.pth")
    weights = None if place == "bundled" else str(path)
    config = TrainConfig(loss="perceptual", comparator="alexnet:relu1", comparator_weights=weights)
    for _ in range(2):
        check_comparator_of(config, (64, 64, 3))
        comparator_of(config)
        comparator_identity(config)
    assert counts == {"read": [str(path)], "hashed": [str(path)]}


def test_networks_of_keras_are_read_once(counts, tmp_path, monkeypatch):
    network = keras.applications.MobileNet(weights=None, include_top=False)
    path = tmp_path / "mobile.weights.h5"
    network.save_weights(path)
    reads = []
    original = keras.Model.load_weights
    monkeypatch.setattr(
        keras.Model,
        "load_weights",
        lambda self, path, **options: reads.append(path) or original(self, path, **options),
    )
    spec = "keras:MobileNet:conv_pw_1_relu+conv1"
    check_comparator(spec, (32, 32, 3), path)
    first = make_comparator(spec, path)
    keras.config.set_dtype_policy("mixed_bfloat16")
    mixed = make_comparator(spec, path)
    assert reads == [str(path)]
    assert first.sha256 == mixed.sha256
    kernel = network.get_layer("conv1").kernel.numpy()
    for comparator in (first, mixed):
        np.testing.assert_array_equal(comparator.variables[0], kernel)
    x = np.random.default_rng(0).random((1, 32, 32, 3), np.float32)
    np.testing.assert_allclose(mixed(x)[1], first(x)[1], atol=0.1)


def test_a_changed_file_is_read_again(counts, tmp_path):
    path = write(tmp_path / "a.pth", seed=0)
    before = make_comparator("alexnet:relu1", path)
    other = write(tmp_path / "b.pth", seed=1)
    os.replace(other, path)
    after = make_comparator("alexnet:relu1", path)
    assert len(counts["read"]) == 2
    assert after.sha256 == make_comparator("random_alexnet:relu1", seed=1).sha256 != before.sha256
    os.utime(path, (0, 0))
    make_comparator("alexnet:relu1", path)
    assert len(counts["read"]) == 3


def test_other_layers_and_other_networks_are_read_for_themselves(counts, tmp_path):
    path = write(tmp_path / "a.pth")
    for layers in (["conv1"], ["relu1"], ["conv1"]):
        load_weights(path, ALEXNET, layers)
    assert len(counts["read"]) == 2


def test_weights_that_were_read_cannot_be_changed(counts, tmp_path):
    weights = load_weights(write(tmp_path / "a.pth"), ALEXNET, ["conv1"])
    with pytest.raises(ValueError, match="read-only"):
        weights.tensors["features.0.weight"][:] = 0
    with pytest.raises(TypeError):
        weights.tensors["features.0.weight"] = 0


def test_keeps_the_latest_results_only(tmp_path):
    results: ReadOnce[int] = ReadOnce(2)
    for number in range(3):
        results.put(tmp_path, number, number)
    assert [results.get(tmp_path, number) for number in range(3)] == [None, 1, 2]


def test_what_does_not_exist_was_not_read(tmp_path):
    results: ReadOnce[int] = ReadOnce(1)
    results.put(tmp_path, 1)
    assert results.get(tmp_path / "absent") is None


def test_a_folder_changes_with_its_files(tmp_path):
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "a").write_text("a")
    before = digest_once(folder)
    (folder / "a").write_text("another")
    assert digest_once(folder) != before


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_digests(algorithm, counts, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    for _ in range(2):
        expected = hashlib.new(algorithm, b"content").hexdigest()
        assert digest_once(path, algorithm) == expected
    assert len(counts["hashed"]) == (1 if algorithm == "sha256" else 0)
