"""Loads saved models as a user would, in a process that knows nothing but the files.

    python reload_models.py FOLDER

For each `NAME.keras` of the folder, reads the inputs in `NAME.inputs.npz` and writes what `values`
returns to `NAME.reloaded.npz`; where that fails, the error to `NAME.error`.
"""

import sys
import traceback
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf


def values(model, inputs):
    """All that a reloaded model must have in common with the saved one.

    Args:
        model: Any Keras model.
        inputs: List of its input arrays.

    Returns:
        Dictionary of arrays: its outputs, its loss terms if it has such, its weights, and the state
        of its optimizers.
    """
    results = {"output": model(inputs if len(inputs) > 1 else inputs[0])}
    if hasattr(model, "terms"):
        results["terms"] = model.terms({"image": inputs[0]})
    optimizers = (getattr(model, name, None) for name in ("optimizer", "discriminator_optimizer"))
    results["state"] = [
        *model.weights,
        *(variable for optimizer in optimizers if optimizer for variable in optimizer.variables),
    ]
    return {
        f"{name}_{number:03}": np.asarray(leaf)
        for name, part in results.items()
        for number, leaf in enumerate(tf.nest.flatten(part))
    }


def main(folder):
    import tfdeepsim.saving  # noqa: F401

    for path in sorted(folder.glob("*.keras")):
        try:
            model = keras.saving.load_model(path, safe_mode=True)
            with np.load(path.with_suffix(".inputs.npz")) as file:
                inputs = [file[name] for name in sorted(file.files)]
            np.savez(path.with_suffix(".reloaded.npz"), **values(model, inputs))
        except Exception:
            path.with_suffix(".error").write_text(traceback.format_exc())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
