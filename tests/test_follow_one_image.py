"""The page that follows one image names files that exist and that the image passes, and few."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "follow_one_image.md").read_text()
LIMITS = {"Training": 25, "Evaluation": 30}
ITEM = re.compile(
    r"^(\d+)\. \[`([\w/]+\.py)`\]\(\.\./tfdeepsim/([\w/]+\.py)\)((?:.|\n(?=   ))*)", re.M
)
TRACED = """
import json, os, runpy, sys, threading
root, out, script, *arguments = sys.argv[1:]
entered = set()
def trace(frame, event, argument):
    code = frame.f_code
    # Bodies of modules and classes, which an import runs, are not optimized.
    if event == "call" and code.co_flags & 1 and code.co_filename.startswith(root):
        entered.add(os.path.relpath(code.co_filename, root))
sys.path.insert(0, os.path.dirname(script))
sys.argv = [script, *arguments]
threading.setprofile(trace)
sys.setprofile(trace)
try:
    runpy.run_path(script, run_name="__main__")
finally:
    sys.setprofile(None)
    with open(out, "w") as file:
        json.dump(sorted(entered), file)
"""


def items(heading):
    """Number, name and sentence of each file in a section of the page."""
    section = PAGE.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    return ITEM.findall(section)


@pytest.mark.parametrize("heading", LIMITS)
def test_few_files_are_named_and_all_exist(heading):
    found = items(heading)
    assert [int(number) for number, *_ in found] == list(range(1, len(found) + 1))
    assert 10 < len(found) <= LIMITS[heading]
    assert len({path for _, _, path, _ in found}) == len(found)
    for _, name, path, sentence in found:
        assert name == path
        assert (ROOT / "tfdeepsim" / path).is_file(), path
        assert sentence.strip().endswith(".")


@pytest.mark.parametrize("heading", LIMITS)
def test_functions_that_are_named_are_in_the_file(heading):
    for _, _, path, sentence in items(heading):
        for function in re.findall(r"`(\w+)\(\)`", sentence):
            assert f"def {function}(" in (ROOT / "tfdeepsim" / path).read_text(), (path, function)


@pytest.mark.slow
def test_the_image_passes_every_file_that_is_named(tmp_path):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (60, 64, 64, 3), np.uint8)
    np.savez(tmp_path / "photos.npz", images=images, labels=np.arange(60) % 2)

    def entered(script, *arguments):
        out = tmp_path / f"{script}.json"
        root = f"{ROOT / 'tfdeepsim'}/"
        command = [sys.executable, "-c", TRACED, root, out, ROOT / script, *arguments]
        done = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return set(json.loads(out.read_text()))

    options = ("--epochs", "1", "--batch-size", "8")
    files = {
        "Training": entered(
            "train.py", "--dataset", "npz:photos.npz", "--loss", "perceptual", *options,
            "--run-dir", "runs/p-ae",
        ),
        "Evaluation": entered(
            "evaluate.py", "runs/p-ae", "--baselines", "none", "--probe-epochs", "2",
        ),
    }  # fmt: skip
    for heading, names in files.items():
        assert {path for _, _, path, _ in items(heading)} <= names
        print(f"{heading}: {len(names)} files entered")
