"""Evaluates the compiled models of a folder, in a process that knows nothing but the files; prints
what Keras does.

    python evaluate_saved.py FOLDER
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np

import tfdeepsim.saving  # noqa: F401

folder = Path(sys.argv[1])
with np.load(folder / "images.npz") as images:
    outputs, targets = images["outputs"], images["targets"]
results = {
    path.stem: keras.saving.load_model(path).evaluate(outputs, targets, verbose=0)
    for path in sorted(folder.glob("*.keras"))
}
print(json.dumps(results))
