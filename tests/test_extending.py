"""The complete files that docs/extending shows."""

import importlib
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import tfdeepsim as tds
from tfdeepsim.data import KINDS, describe, open_dataset
from tfdeepsim.data.__main__ import main as inspect_dataset
from tfdeepsim.errors import InputError
from tfdeepsim.probes import PROBES, check_task

FOLDER = Path(__file__).parent.parent / "docs" / "extending"
FILES = sorted(FOLDER.glob("*.py"))


@pytest.fixture(params=[path.stem for path in FILES])
def example(request, monkeypatch):
    """The module of a file; what it registers is forgotten afterwards."""
    monkeypatch.syspath_prepend(FOLDER)
    before = dict(KINDS), dict(PROBES)
    yield importlib.import_module(request.param)
    for table, entries in zip((KINDS, PROBES), before, strict=True):
        table.clear()
        table.update(entries)
    del sys.modules[request.param]


def only(name):
    return pytest.mark.parametrize("example", [name], indirect=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_short_and_on_the_page(path):
    assert len(path.read_text().splitlines()) < 60
    assert f"```{{literalinclude}} {path.name}\n" in (FOLDER / "index.md").read_text()


@only("sobel_comparator")
def test_comparator_trains_a_model(example, capsys):
    example.main()
    brighter, mirrored = (float(line.split()[-1]) for line in capsys.readouterr().out.splitlines())
    assert brighter == pytest.approx(0, abs=1e-6)
    assert mirrored > 0.1


@only("sobel_comparator")
def test_comparator_is_saved_with_its_loss(example):
    loss = tds.PerceptualLoss(example.SobelComparator(feature_normalization="channel"))
    images = np.random.default_rng(0).uniform(size=(2, 8, 8, 3)).astype(np.float32)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again(images, images[::-1]) == loss(images, images[::-1])
    assert loss.comparator(images).shape[1:] == loss.comparator.feature_shapes((8, 8))[0]


@only("stripes_dataset")
def test_dataset_is_opened_as_it_is_described(example):
    dataset = open_dataset("stripes:40")
    assert dict(dataset.splits) == dict(describe("stripes:40").splits)
    split = dataset.split("test")
    steps = np.abs(np.diff(split.images[:].astype(int), axis=1)).max(axis=(1, 2, 3))
    assert [dataset.class_names[label] for label in split.labels["label"]] == [
        "across" if step else "down" for step in steps
    ]


@only("stripes_dataset")
def test_dataset_is_known_to_the_commands(example, tmp_path, capsys):
    assert inspect_dataset(["stripes:40", "--data-dir", str(tmp_path)]) == 0
    assert "across" in capsys.readouterr().out
    assert "stripes:COUNT" in " ".join(example.train.make_parser().format_help().split())


@only("stripes_dataset")
def test_dataset_refuses_a_bad_name(example, capsys):
    assert example.train.main(["--dataset", "stripes:3", "--run-dir", "runs/stripes"]) == 2
    assert "stripes:COUNT is a number of images: got 3; accepted: 20" in capsys.readouterr().err


@only("centroid_probe")
def test_probe_reads_classes(example):
    labels = np.repeat(["cat", "dog", "ship"], 40)
    embeddings = np.random.default_rng(0).normal(size=(120, 4))
    embeddings[:, 0] += 9 * (labels == "cat")
    embeddings[:, 1] += 9 * (labels == "dog")
    assert tds.probe(embeddings, labels, kind="centroid").score == 1


@only("centroid_probe")
def test_probe_is_a_flag_and_refuses_numbers(example, capsys):
    parser = example.evaluate.make_parser()
    assert parser.parse_args(["--probes", "centroid,linear"]).probes == "centroid,linear"
    assert "mlp,linear,knn,svm,centroid" in " ".join(parser.format_help().split())
    with pytest.raises(InputError, match="probe centroid is for classes: got labels that are num"):
        check_task("centroid", "regression")
