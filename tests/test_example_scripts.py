"""The scripts in `examples/`, at a tiny size."""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

FOLDER = Path(__file__).parent.parent / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
FLAGS = {name: ["--images", "16", "--epochs", "1"] for name in NAMES} | {
    "probe_your_encoder": ["--images", "24"]
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Images in two classes, dark and bright, and a folder for datasets."""
    folder = tmp_path_factory.mktemp("data")
    generator = np.random.default_rng(0)
    labels = np.arange(40) % 2
    images = generator.integers(0, 128, (40, 64, 64, 3)) + 127 * labels[:, None, None, None]
    images = images.astype(np.uint8)
    arrays = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    np.savez(folder / "images.npz", **arrays)
    return folder


def test_there_are_four():
    assert len(NAMES) == 4


@pytest.mark.parametrize("name", NAMES)
def test_an_example_prints_numbers_and_draws(name, data, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TFDS_DATA_DIR", str(data))
    monkeypatch.chdir(tmp_path)
    picture = tmp_path / f"{name}.png"
    arguments = [f"npz:{data / 'images.npz'}", *FLAGS[name], "--picture", str(picture)]
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    with PIL.Image.open(picture) as image:
        assert min(image.size) >= 400
    numbers = re.findall(r"(?:LPIPS|PSNR|accuracy) (\S+?)[,\s]", capsys.readouterr().out + " ")
    assert len(numbers) >= 2
    assert np.isfinite([float(number.rstrip(",")) for number in numbers]).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short_and_says_how_it_is_run(name):
    text = (FOLDER / f"{name}.py").read_text()
    assert text.count("\n") <= 80
    assert f"    python examples/{name}.py zip:photos.zip" in text
