"""Exported files, loaded by their own runtimes in processes without tfdeepsim, and their cards."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from tfdeepsim.comparators import make_comparator
from tfdeepsim.export import export_run, load_generator
from tfdeepsim.export.formats import FORMATS
from tfdeepsim.files import sha256_of

LOAD = Path(__file__).parent / "load_exported.py"
LAYER = "relu3"
NEEDED = {
    "savedmodel": (),
    "keras": (),
    "onnx": ("onnx", "tf2onnx", "onnxruntime"),
    "litert": ("ai_edge_litert",),
}


@pytest.fixture(scope="module", params=FORMATS)
def exported(request, finished_runs, tmp_path_factory):
    """A format, and the files of that format by what they were exported of."""
    for package in NEEDED[request.param]:
        pytest.importorskip(package, reason=f"the extra {request.param} is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, {
        name: export_run(
            run.path,
            request.param,
            folder / f"{name}{FORMATS[request.param].suffix}",
            layer=LAYER if name == "comparator" else None,
        )
        for name, run in finished_runs.items()
    }


@pytest.fixture(scope="module")
def inputs():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (5, 64, 64, 3), np.uint8)
    return {
        "encoder": {"images": images},
        "comparator": {"images": images},
        "generator": {
            "features": generator.random((5, 7, 7, 192), np.float32),
            "noise": generator.standard_normal((5, 3), np.float32),
        },
    }


@pytest.fixture(scope="module")
def expected(finished_runs, inputs):
    """What the runs themselves compute."""
    floats = inputs["encoder"]["images"].astype(np.float32) / 255
    comparator = make_comparator(f"exemplar_cnn:{LAYER}", finished_runs["comparator"].path)
    generator = load_generator(finished_runs["generator"])
    return {
        "encoder": load_generator(finished_runs["encoder"]).encoder(floats)["latent"].numpy(),
        "comparator": comparator(floats).numpy(),
        "generator": np.clip(generator(**inputs["generator"])["image"], 0, 1),
    }


def test_the_same_in_a_process_without_tfdeepsim(exported, inputs, expected, tmp_path):
    to, files = exported
    triples = []
    for name, path in files.items():
        np.savez(tmp_path / f"{name}.npz", **inputs[name])
        triples += [path, tmp_path / f"{name}.npz", tmp_path / f"{name}-out.npz"]
    command = [sys.executable, "-W", "error::DeprecationWarning:__main__", LOAD, to, *triples]
    # With oneDNN, a convolution of TensorFlow returns the wrong shape for a batch of 0 images.
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for name, values in expected.items():
        with np.load(tmp_path / f"{name}-out.npz") as outputs:
            assert outputs.files == (["1", "5"] if to == "litert" else ["1", "5", "0"])
            for count in outputs.files:
                assert outputs[count].dtype == np.float32
                np.testing.assert_allclose(
                    outputs[count], values[: int(count)], atol=1e-4, rtol=0, err_msg=name
                )
        # Five different rows.
        assert np.ptp(values, axis=0).max() > 1e-3


def embedded_card(to, path):
    if to == "savedmodel":
        return json.loads((path / "assets.extra" / "card.json").read_text())
    if to == "onnx":
        import onnx

        (entry,) = onnx.load(path).metadata_props
        assert entry.key == "card"
        return json.loads(entry.value)
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("card.json"))


def test_a_card_is_in_the_file_and_beside_it(exported, finished_runs):
    to, files = exported
    for name, path in files.items():
        card = json.loads(path.with_name(f"{path.name}.json").read_text())
        assert (card.pop("file"), card.pop("sha256")) == (path.name, sha256_of(path))
        assert embedded_card(to, path) == card
        run = finished_runs[name]
        weights = run.comparator if name == "comparator" else run.best
        assert (card["what"], card["format"]) == (name, to)
        assert card["weights_sha256"] == sha256_of(weights)
        assert card["dataset"].startswith("npz:")
    assert card["layer"] == LAYER
    assert card["loss"] == "surrogate"
    assert card["inputs"]["images"]["shape"] == [None, 64, 64, 3]
    assert card["inputs"]["images"]["dtype"] == "uint8"
    assert "do not scale" in card["inputs"]["images"]["values"]
    assert card["outputs"] == {"embedding": {"dtype": "float32", "shape": [None, 16, 16, 256]}}


def test_a_keras_file_has_stock_layers_only(finished_runs, tmp_path):
    path = export_run(finished_runs["encoder"].path, "keras", tmp_path / "a.keras")
    with zipfile.ZipFile(path) as archive:
        assert b"tfdeepsim" not in archive.read("config.json")
    model = keras.saving.load_model(path)
    assert model.count_params() < load_generator(finished_runs["encoder"]).encoder.count_params()


def test_in_the_run_directory_by_default(finished_runs, monkeypatch):
    run = finished_runs["comparator"]
    path = export_run(run.path, "keras", layer="relu1")
    assert path == run.path / "exports" / "relu1.keras"
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, f"{path.name}.json"]
    # A run with exports is still a run that train.py may replace.
    run.check_free(overwrite=True)
