"""The table of a search: the searched probe beside the fixed suite and chance."""

import io

import numpy as np
import pytest
from rich.console import Console

from tfdeepsim.probes.result import ProbeResult
from tfdeepsim.scores import Score
from tfdeepsim.tables import print_table
from tfdeepsim.tuning.table import side_by_side


@pytest.fixture
def table():
    def score(value, half, seeds):
        numbers = {"value": value, "low": value - half, "high": value + half, "seeds": seeds}
        names = {"run": "ae", "model": "ae", "loss": "pixel", "comparator": "", "probe": "mlp"}
        dataset = "zip:/some/where/photos.zip"
        return Score(metric="accuracy", dataset=dataset, chance=0.1, **numbers, **names)

    chosen = {"hidden": [64, 32], "activation": "leaky_relu", "dropout": 0.25}
    chosen |= {"weight_decay": 1e-4, "learning_rate": 1e-3, "batch_size": 256}
    labels = np.zeros(3, np.int64)
    best = score(0.6, float("nan"), 1)
    searched = ProbeResult("mlp", "classification", [best], [chosen], {}, labels, labels)
    return side_by_side(searched, [score(0.5, 0.02, 5)])


@pytest.mark.parametrize("width", [40, 80, 120])
def test_rows(table, width):
    file = io.StringIO()
    print_table(table, Console(file=file, width=width))
    text = " ".join(file.getvalue().split())
    assert text.startswith("photos, on test")
    for shown in ("Searched", "60.0", "50.0 ± 2.0", "leaky_relu", "Chance", "10.0"):
        assert shown in text
    assert max(map(len, file.getvalue().splitlines())) <= width
