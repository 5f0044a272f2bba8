"""The table of a search: the searched probe beside the fixed suite and chance."""

import dataclasses
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
    return side_by_side(searched, [score(0.5, 0.02, 5)], ["They leak into the embedding."])


@pytest.mark.parametrize("width", [40, 80, 120])
def test_rows(table, width):
    file = io.StringIO()
    print_table(table, Console(file=file, width=width))
    text = " ".join(file.getvalue().split())
    assert text.startswith("photos, on test")
    for shown in ("Searched", "60.0", "50.0 ± 2.0", "leaky_relu", "Chance", "10.0", "They leak"):
        assert shown in text
    assert max(map(len, file.getvalue().splitlines())) <= width


def test_distances_on_llv2_are_also_in_pixels():
    def score(metric, value):
        names = {"run": "ae", "model": "ae", "loss": "pixel", "comparator": "", "probe": "mlp"}
        numbers = {"value": value, "low": value - 0.01, "high": value + 0.01, "seeds": 5}
        return Score(metric=metric, dataset="llv2/paper", chance=0.85, **numbers, **names)

    chosen = {"hidden": [], "activation": "relu", "dropout": 0.0}
    chosen |= {"weight_decay": 1e-4, "learning_rate": 1e-3, "batch_size": 256}
    best = [dataclasses.replace(score(metric, 0.25), seeds=1) for metric in ("l1", "l2")]
    labels = np.zeros((3, 2), np.float32)
    table = side_by_side(
        ProbeResult("mlp", "regression", best, [chosen], {}, labels, labels),
        [score("l1", 0.5), score("l2", 0.4)],
    )
    assert table.headings[4:6] == ["Mean L1 distance in pixels ↓", "Mean L2 distance in pixels ↓"]
    searched, fixed, _ = table.rows
    assert searched[2:6] == ["0.250", "0.250", "8.00", "8.00"]
    assert fixed[2:6] == ["0.500 ± 0.010", "0.400 ± 0.010", "16.00 ± 0.32", "12.80 ± 0.32"]
