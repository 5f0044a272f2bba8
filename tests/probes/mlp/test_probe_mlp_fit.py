import sys

import numpy as np
import pytest

from tfdeepsim import progress
from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.mlp.fit import fit_mlp
from tfdeepsim.probes.mlp.suite import MlpSuite

Z = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
SPLIT = EmbeddingSplit(Z, Z[:, :1].astype(np.float64))


@pytest.mark.parametrize(
    ("shown", "terminal"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_progress_shows_epochs_and_training_probes_on_a_terminal(
    monkeypatch, capsys, shown, terminal
):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    suite = MlpSuite(hidden=[(), (4,)], epochs=3, seeds=2)
    fit_mlp(SPLIT, SPLIT, "regression", suite, progress=shown)
    printed = capsys.readouterr()
    assert printed.out == ""
    for words in ("Epochs of MLP probes", "3/3", "4 of 4 probes still train"):
        assert (words in printed.err) == (shown and terminal)
    assert bool(printed.err) == (shown and terminal)
