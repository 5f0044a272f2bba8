"""Runs an installed package as its user would: `python tests/installed.py`, in any empty folder.

The Python must be the one of the environment that tfdeepsim is installed in. Everything is written
to the current folder. Ends with a line that starts with "works", or with an error.
"""

import json
import subprocess
import sys
import sysconfig
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

import tfdeepsim
from tfdeepsim.comparators.weights.bundled import bundled_file, card_of, check_bundled

CHECKOUT = Path(__file__).resolve().parent.parent
NOT_ON_WINDOWS = set('<>:"\\|?*')
DATA = ("--data-dir", "data")


def write_images(path: str) -> None:
    """A zip file with 24 images of 64 x 64 pixels in two classes, dark and bright."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(24):
            label, low = [("dark", 0), ("bright", 128)][number % 2]
            picture = BytesIO()
            pixels = random.integers(low, low + 128, (64, 64, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(picture, "PNG")
            archive.writestr(f"{label}/{number}.png", picture.getvalue())


def run(*command: str) -> None:
    print("$", Path(command[0]).name, *command[1:], flush=True)
    subprocess.run(command, check=True)


def console_script(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts"), name))


def check_weights() -> None:
    """Every file of weights is found, whole, and beside its card and the licences it names."""
    weights = bundled_file("alexnet")
    assert weights is not None, "no bundled weights were found"
    assert not weights.is_relative_to(CHECKOUT), f"{weights} is in the checkout"
    for path in sorted(weights.parent.glob("*.safetensors")):
        assert card_of(path) is not None, f"{path} has no card"
        check_bundled(path)
    for licence in ("LICENSE-lpips.txt", "LICENSE-torchvision.txt"):
        assert (weights.parent / licence).is_file(), f"{licence} is not in the package"


def main() -> None:
    package = Path(tfdeepsim.__file__).parent
    assert not package.is_relative_to(CHECKOUT / "tfdeepsim"), f"{package} is in the checkout"
    assert (package / "py.typed").is_file()
    check_weights()
    write_images("images.zip")
    run(sys.executable, "-m", "tfdeepsim.data", "zip:images.zip", *DATA)
    images = ("--dataset", "zip:images.zip", *DATA, "--batch-size", "8")
    model = ("--model", "ae", "--loss", "perceptual", "--latent-dim", "4", "--epochs", "1")
    run(console_script("tfdeepsim-train"), *images, *model, "--run-dir", "runs/pae")
    comparator = json.loads(Path("runs/pae/environment.json").read_text())["comparator"]
    assert comparator["source"].startswith("bundled"), comparator
    probes = ("--probes", "linear", "--baselines", "pca", "--report-dir", "report")
    run(console_script("tfdeepsim-evaluate"), "runs/pae", *probes)
    assert Path("report/report.html").is_file()
    run(console_script("tfdeepsim-search"), "runs/pae", "--trials", "2", "--epochs", "1")
    packed = ("--layer", "relu1", "--out", "packed.safetensors", "--data", "as its card says")
    network = ("--comparator", "alexnet", "--source", "torchvision", "--licence", "BSD-3-Clause")
    bundled = str(bundled_file("alexnet"))
    run(sys.executable, "-m", "tfdeepsim.comparators", bundled, *network, *packed)
    assert Path("packed.json").is_file()
    strange = [str(path) for path in Path().rglob("*") if set(path.name) & NOT_ON_WINDOWS]
    assert not strange, f"names that Windows does not take: {strange}"
    print(f"works: tfdeepsim {tfdeepsim.__version__} in {package}")


if __name__ == "__main__":
    main()
