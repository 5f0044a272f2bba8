"""Examples of public names run as they are printed, and so does the README's Python."""

import doctest
import inspect
import re
import runpy
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdeepsim as tds

README = Path(__file__).parent.parent / "README.md"
NAMES = [name for name in tds.__all__ if name != "__version__"]


@pytest.fixture
def globs(tmp_path, monkeypatch):
    """What an example may use without making it, and `images.npz` and `encoder.keras`."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    generator = np.random.default_rng(0)
    images = generator.random((4, 64, 64, 3), np.float32)
    labels = np.repeat(["cat", "dog"], 50)
    model = keras.Sequential(
        [keras.Input((64, 64, 3)), keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid")]
    )
    photos = generator.integers(256, size=(20, 64, 64, 3), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=photos)
    encoder = keras.Sequential(
        [keras.Input((64, 64, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4)]
    )
    encoder.save(tmp_path / "encoder.keras")
    return {
        "photos": photos,
        "classes": np.repeat(["cat", "dog"], 10),
        "np": np,
        "tf": tf,
        "keras": keras,
        "tds": tds,
        "images": images,
        "labels": labels,
        "embeddings": generator.normal(size=(100, 4)) + 3 * (labels == "cat")[:, None],
        "model": model,
        "inputs": 1 - images,
    }


def docstrings(value):
    """Of a function, or of a class and its public methods."""
    documented = [value]
    if inspect.isclass(value):
        documented += [
            member
            for name, member in vars(value).items()
            if not name.startswith("_") and callable(getattr(value, name))
        ]
    return [doc for doc in map(inspect.getdoc, documented) if doc]


@pytest.mark.parametrize("name", NAMES)
def test_examples_run(name, globs, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    parser = doctest.DocTestParser()
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    report = []
    for doc in docstrings(getattr(tds, name)):
        test = parser.get_doctest(doc, dict(globs), name, None, 0)
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)
    assert runner.tries > 0


def test_python_in_the_readme_runs(globs, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        Path("block.py").write_text(block)
        runpy.run_path("block.py", init_globals=globs)
