"""A user's keras.json changes nothing of what a command does, and another backend is one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.keras_settings import PINNED, check_backend

CHECKOUT = Path(__file__).parent.parent
# What a command does at its start; then a layer whose result depends on all three settings.
COMMAND = """
import sys
from tfdeepsim.command_line import import_tensorflow, run_command
assert run_command(lambda _: import_tensorflow(), []) == 0
import keras
layer = keras.layers.GlobalAveragePooling2D()
print(keras.config.dtype_policy().name, keras.config.epsilon(), layer(keras.Input((2, 3, 4))).shape)
"""


def write_settings(folder, **settings):
    folder.mkdir(exist_ok=True)
    (folder / "keras.json").write_text(json.dumps(settings))


def test_commands_pin_what_they_rely_on_and_say_so(tmp_path):
    write_settings(
        tmp_path, floatx="float16", epsilon=1e-3, image_data_format="channels_first",
        backend="tensorflow",
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", COMMAND],
        env={**os.environ, "KERAS_HOME": str(tmp_path), "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == "float32 1e-07 (None, 4)"
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    assert len(notes) == len(PINNED)
    assert f"floatx float32, not float16 from {tmp_path}/keras.json" in notes[0]


@pytest.mark.parametrize("place", ["file", "environment"])
def test_another_backend_is_refused_before_keras_is_loaded(place, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if place == "file":
        monkeypatch.delenv("KERAS_BACKEND", raising=False)
        write_settings(tmp_path, backend="jax")
    else:
        write_settings(tmp_path, backend="tensorflow")
        monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(InputError, match=r"backend (jax from .*keras.json|torch from KERAS_BACK)"):
        check_backend()


def test_damaged_settings_are_those_of_a_new_installation(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for text in ("[1]", "{", ""):
        (tmp_path / "keras.json").write_text(text)
        check_backend()


@pytest.mark.parametrize("given", [None, "false"])
def test_memory_of_gpus_grows_unless_a_user_wants_otherwise(given):
    environment = dict(os.environ, PYTHONPATH=str(CHECKOUT))
    environment.pop("TF_FORCE_GPU_ALLOW_GROWTH", None)
    if given:
        environment["TF_FORCE_GPU_ALLOW_GROWTH"] = given
    command = """
import os, sys
from tfdeepsim.command_line import run_command
def body(_):
    assert "tensorflow" not in sys.modules  # which reads the setting when it sets up a GPU
    print(os.environ["TF_FORCE_GPU_ALLOW_GROWTH"])
run_command(body, [])
"""
    done = subprocess.run(
        [sys.executable, "-c", command], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == (given or "true")
