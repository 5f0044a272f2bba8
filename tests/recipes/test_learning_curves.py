"""The curves of a probe's error: their table, file and figure; the whole recipe at a tiny size."""

import csv
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.recipes import learning_curves
from tfdeepsim.recipes.curves import curve_table, write_curves
from tfdeepsim.recipes.systems import SYSTEMS
from tfdeepsim.report.figures.probe_curves import probe_curves
from tfdeepsim.tables import table_markdown

CURVES = {
    "ae": np.array([[0.8, 0.6, 0.5], [0.8, 0.8, 0.7]]),
    "p-ae": np.array([[0.4, 0.3, 0.25], [0.4, 0.3, 0.15]]),
}


def test_the_table_has_means_and_intervals_over_seeds():
    text = table_markdown(curve_table(CURVES))
    # Two values that differ by 0.2: the interval is t(0.975, 1) * 0.1 = 1.271 on each side.
    assert "| 3 | 0.600 ± 1.271 | 0.200 ± 0.635 |" in text
    assert "| 1 | 0.800 ± 0.000 | 0.400 ± 0.000 |" in text


def test_the_file_has_a_line_for_each_epoch_of_each_seed(tmp_path):
    write_curves(tmp_path / "curves.csv", CURVES)
    with open(tmp_path / "curves.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    read = {(r["row"], int(r["seed"]), int(r["epoch"])): float(r["l1"]) for r in rows}
    assert len(read) == len(rows) == 12
    assert read["ae", 1, 2] == 0.8
    assert read["p-ae", 1, 3] == 0.15


def test_the_figure_has_the_colours_of_the_rows():
    with Image.open(BytesIO(probe_curves(CURVES, 0.83))) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    for colour in ((0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)):
        assert (pixels == colour).all(axis=1).sum() > 100


@pytest.mark.slow
def test_whole_recipe(tmp_path, capsys):
    scale = 10 / learning_curves.ROLLOUTS
    scores = learning_curves.reproduce(
        str(tmp_path / "runs"), scale, str(tmp_path), seeds=1, epochs=2
    )
    assert {score.run for score in scores} > set(SYSTEMS)
    assert (tmp_path / "runs" / "curves.png").is_file()
    lines = (tmp_path / "runs" / "curves.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * len(SYSTEMS)
    assert "linear probe by epoch" in capsys.readouterr().out
