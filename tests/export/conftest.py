"""Finished runs of every task, trained for a few steps through the command."""

import numpy as np
import pytest
from squares import squares

from tfdeepsim.commands.train import main
from tfdeepsim.run import RunDirectory

FLAGS = {
    "encoder": ("--model", "vae", "--latent-dim", "6"),
    "generator": (
        "--task", "inversion", "--invert", "random_alexnet:relu2", "--width", "0.02",
        "--noise-dim", "3",
    ),
    "comparator": (
        "--task", "comparator", "--comparator", "exemplar_cnn", "--surrogate-classes", "4",
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def finished_runs(tmp_path_factory):
    """Run directories by what is exported of them."""
    folder = tmp_path_factory.mktemp("finished")
    np.savez(folder / "squares.npz", images=squares(40, seed=3)[0])
    common = ("--dataset", f"npz:{folder / 'squares.npz'}", "--batch-size", "8", "--steps", "2")
    for name, flags in FLAGS.items():
        assert main([*common, *flags, "--run-dir", str(folder / name)]) == 0
    return {name: RunDirectory(folder / name) for name in FLAGS}
