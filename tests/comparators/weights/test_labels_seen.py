"""Whose labels a comparator has seen."""

import json
from pathlib import Path

import numpy as np
import pytest
from handmade_checkpoint import write_arrays
from safetensors.numpy import save_file

from tfdeepsim.comparators import make_comparator
from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.weights import labels_seen as module
from tfdeepsim.comparators.weights.bundled import bundled_file
from tfdeepsim.comparators.weights.labels_seen import (
    datasets_of,
    labels_in_record,
    labels_of_training,
    labels_seen,
)
from tfdeepsim.comparators.weights.load import random_weights
from tfdeepsim.files import sha256_of

SHARED = Path(__file__).parents[4] / "shared/data/weights"


def save(path, **header):
    save_file({"x": np.zeros(1, np.float32)}, path, metadata=header or None)
    return path


def test_bundled_weights_have_it_on_their_cards():
    assert labels_seen(bundled_file("alexnet")) == "ImageNet-1k"
    assert labels_seen(bundled_file("exemplar_cnn")) is None


def test_random_weights_saw_no_labels():
    assert labels_seen(None) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({"dataset": "zip:a.zip", "saw_labels": "True"}, "zip:a.zip"),
        ({"dataset": "zip:a.zip", "saw_labels": "True", "probe_classes": "None"}, "zip:a.zip"),
        (
            {"dataset": "zip:a.zip", "saw_labels": "True", "probe_classes": "cat,dog"},
            "zip:a.zip (classes cat,dog)",
        ),
        ({"dataset": "zip:a.zip", "saw_labels": "False", "probe_classes": "cat"}, None),
        # What is written today.
        ({"dataset": "zip:a.zip", "saw_labels": "None", "probe_classes": "cat"}, None),
        (
            {"dataset": "a.npz", "saw_labels": "a.npz (classes cat)", "probe_classes": "cat"},
            "a.npz (classes cat)",
        ),
        (
            {"dataset": "zip:a.zip", "saw_labels": "ImageNet-1k and zip:a.zip"},
            "ImageNet-1k and zip:a.zip",
        ),
    ],
)
def test_weights_of_a_run_have_it_in_their_header(tmp_path, header, expected):
    assert labels_seen(save(tmp_path / "comparator.safetensors", **header)) == expected


@pytest.mark.parametrize(
    ("saw_labels", "datasets"),
    [
        ("", ()),
        ("zip:cats and dogs.zip", ("zip:cats and dogs.zip",)),
        (
            labels_of_training("zip:cats and dogs.zip", "cat", before="ImageNet-1k"),
            ("ImageNet-1k", "zip:cats and dogs.zip (classes cat)"),
        ),
    ],
)
def test_several_datasets_are_told_apart(saw_labels, datasets):
    assert datasets_of(saw_labels) == datasets


def test_other_files_do_not_tell(tmp_path):
    assert labels_seen(save(tmp_path / "a.safetensors")) == "unknown"
    assert labels_seen(save(tmp_path / "b.safetensors", data="photographs")) == "unknown"
    (tmp_path / "damaged.safetensors").write_bytes(b"x" * 20)
    assert labels_seen(tmp_path / "damaged.safetensors") == "unknown"
    write_arrays(tmp_path / "a.pth", x=np.zeros(1, np.float32))
    assert labels_seen(str(tmp_path / "a.pth")) == "unknown"


def test_published_files_are_known_by_their_digest(tmp_path, monkeypatch):
    file = save(tmp_path / "renamed.safetensors")
    monkeypatch.setattr(module, "_OF_IMAGENET", (sha256_of(file)[:8],))
    assert labels_seen(file) == "ImageNet-1k"


@pytest.mark.parametrize("name", ["alexnet", "vgg16"])
def test_the_genuine_files_are_known(name):
    file = SHARED / f"{name}_imagenet_features.safetensors"
    if not file.is_file():
        pytest.skip(f"reads {file}")
    assert labels_seen(file) == "ImageNet-1k"


def test_comparators_know_it(tmp_path):
    assert make_comparator("alexnet:conv1").saw_labels == "ImageNet-1k"
    assert make_comparator("exemplar_cnn:conv1").saw_labels is None
    assert make_comparator("random_alexnet:conv1").saw_labels is None
    weights = random_weights(ALEXNET.tensor_shapes("conv1"), seed=0)
    header = {"dataset": "stl10", "saw_labels": "True"}
    save_file(weights, tmp_path / "comparator.safetensors", metadata=header)
    own = make_comparator("alexnet:conv1", tmp_path / "comparator.safetensors")
    assert own.saw_labels == "stl10"
    assert type(own).from_config(json.loads(json.dumps(own.get_config()))).saw_labels == "stl10"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"saw_labels": "ImageNet-1k", "source": "bundled (x)"}, "ImageNet-1k"),
        ({"saw_labels": None}, ""),
        # What earlier versions recorded.
        (
            {"source": "bundled (supervised, CIFAR-10, 45,000 photographs with labels, 64 px)"},
            "CIFAR-10",
        ),
        ({"source": "bundled (surrogate, CIFAR-10, 500 patches of photographs)"}, ""),
        ({"source": "random, He uniform, seed 0"}, ""),
        ({"source": "alexnet.pth"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_records_of_runs_tell(record, expected):
    assert labels_in_record(record) == expected
