import functools
import io

import numpy as np
import pytest
import rich.console

from tfdeepsim import progress
from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.mlp import fit
from tfdeepsim.probes.mlp.suite import MlpSuite

Z = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
SPLIT = EmbeddingSplit(Z, Z[:, :1].astype(np.float64))


@pytest.mark.parametrize("shown", [True, False])
def test_progress_shows_epochs_and_how_many_probes_still_train(monkeypatch, shown):
    terminal = rich.console.Console(file=io.StringIO(), force_terminal=True, width=100)
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    monkeypatch.setattr(
        fit, "ProgressBar", functools.partial(progress.ProgressBar, console=terminal)
    )
    suite = MlpSuite(hidden=[(), (4,)], epochs=3, seeds=2)
    fit.fit_mlp(SPLIT, SPLIT, "regression", suite, progress=shown)
    text = terminal.file.getvalue()
    if not shown:
        assert text == ""
        return
    assert "3/3" in text
    assert "4 of 4 probes still train" in text
