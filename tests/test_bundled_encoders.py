"""Encoders that come with the package: they are what their cards say, and need no tfdeepsim."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from tfdeepsim.bundled_encoders import bundled_encoders
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, sha256_of
from tfdeepsim.loaded_encoder import load_encoder

SAVED_MODELS = Path(__file__).parents[1] / "saved_models"
NAMES = ["llv2-ae", "llv2-p-ae", "llv2-p-vae", "llv2-vae"]
WITHOUT_TFDEEPSIM = """
import json, sys
import numpy as np, tensorflow as tf
from PIL import Image
frame = np.asarray(Image.open("llv2-frame.png").convert("RGB"))[None]
embeddings = [tf.saved_model.load(name).embed(frame)[0].numpy().tolist() for name in sys.argv[1:]]
assert "tfdeepsim" not in sys.modules
print(json.dumps(embeddings))
"""


def card(name):
    return read_json(SAVED_MODELS / f"{name}.json")


def test_the_names_are_those_of_the_readme():
    assert sorted(bundled_encoders()) == NAMES
    text = (SAVED_MODELS / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_those_of_the_card(name):
    folder = bundled_encoders()[name]
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}
    assert {path: sha256_of(file) for path, file in files.items()} == card(name)["sha256"]
    assert sum(file.stat().st_size for file in files.values()) < 5_000_000


def test_a_program_without_tfdeepsim_gets_the_embeddings_of_the_cards():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TFDEEPSIM, *NAMES],
        cwd=SAVED_MODELS,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for name, embedding in zip(NAMES, json.loads(done.stdout), strict=True):
        # The kernels of convolutions differ between processors.
        np.testing.assert_allclose(embedding, card(name)["embedding"], rtol=1e-3, atol=1e-3)


def test_an_encoder_is_found_by_its_name():
    frame = np.asarray(Image.open(SAVED_MODELS / "llv2-frame.png").convert("RGB"))[None]
    encoder = load_encoder("llv2-p-ae")
    assert encoder.image_shape == (64, 64, 3)
    assert encoder.embedding_size == len(card("llv2-p-ae")["embedding"]) == 64
    expected = card("llv2-p-ae")["embedding"]
    np.testing.assert_allclose(encoder.embed(frame)[0], expected, rtol=1e-3, atol=1e-3)


def test_a_path_of_the_same_name_goes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("llv2-ae").mkdir()
    with pytest.raises(InputError, match=r"got llv2-ae, something else; accepted: .* llv2-p-vae"):
        load_encoder("llv2-ae")
    layers = [keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()]
    Path("llv2-ae").rmdir()
    keras.Sequential(layers).export("llv2-ae", verbose=False)
    assert load_encoder("llv2-ae").embedding_size == 3


@pytest.mark.parametrize("name", ["llv2-pae", "../saved_models/llv2-ae", "LLv2-AE"])
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match=r"which does not exist; accepted: .* llv2-ae, llv2-p-ae"):
        load_encoder(name)


def test_the_scores_of_a_card_are_within_their_intervals():
    for name in NAMES:
        scores = card(name)["scores"]
        assert {score["metric"] for score in scores} == {"l1", "l2"}
        for score in scores:
            assert float(score["low"]) <= float(score["value"]) <= float(score["high"])
