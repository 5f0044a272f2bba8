"""The pages quote the results that are in `docs/results.csv` and `docs/curves.csv`."""

import csv
import dataclasses
import importlib.util
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from tfdeepsim.recipes.systems import REPORTED
from tfdeepsim.scores import PIXELS_PER_UNIT, Score, write_csv

ROOT = Path(__file__).parents[1]
SPEC = importlib.util.spec_from_file_location("make_results", ROOT / "docs" / "make_results.py")
make_results = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make_results)

VERSIONS = ("3.11", "3.13", "2.0", "22.05")
OF_DECODINGS = (0.0016, 0.0017, 0.0023, 0.0015, 0.0013)
"""Errors of decoders, which `evaluate.py --decode` prints and writes to no table of scores."""

SCORE = Score("ae", "ae", "pixel", "", "llv2/small", "mlp", "l1", 0.5, 0.4, 0.6, 0.8, 2, "encoder")
SCORES = [
    dataclasses.replace(SCORE, values=(0.45, 0.55)),
    dataclasses.replace(SCORE, run="p-ae", loss="perceptual", values=(0.1, 0.3), value=0.2),
]


@pytest.fixture
def docs(tmp_path, monkeypatch):
    """Docs with one page and no results."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("results.csv", "curves.csv"):
        (folder / name).write_text("study\n")
        monkeypatch.setattr(make_results, name.split(".")[0].upper(), folder / name)
    page = folder / "page.md"
    page.write_text(
        "Before.\n<!-- results: small/one/table -->\n<!-- end of results -->\nBetween.\n"
        "<!-- results: small/one/curves -->\nold\n<!-- end of results -->\nAfter.\n".replace(
            "small/one", "small-one"
        )
    )
    monkeypatch.setattr(make_results, "DOCS", folder)
    monkeypatch.setattr(make_results, "PAGES", (page,))
    return folder


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["make_results.py", *map(str, arguments)])
    return make_results.main()


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs" / "small" / "one"
    (folder / "report").mkdir(parents=True)
    write_csv(folder / "report" / "results.csv", SCORES)
    lines = ["row,seed,epoch,l1", "ae,0,1,0.75", "ae,0,2,0.5", "p-ae,0,1,0.25", "p-ae,0,2,0.125"]
    (folder / "curves.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "runs"


def test_results_of_studies_are_kept_and_quoted(docs, runs, monkeypatch):
    assert run(monkeypatch, "--from", runs) == 0
    page = (docs / "page.md").read_text()
    assert "| AE | – |" in page or "| AE | ae |" in page
    assert "| 1 | 0.750 | 0.250 |" in page
    assert "old" not in page
    assert [line for line in page.splitlines() if line in ("Before.", "Between.", "After.")]
    assert (docs / "small-one_curves.png").is_file()
    rows = list(csv.DictReader((docs / "results.csv").read_text().splitlines()))
    assert [row["study"] for row in rows] == ["small-one"] * 2
    # They need the runs no more.
    shutil.rmtree(runs)
    assert run(monkeypatch, "--check") == 0
    (docs / "page.md").write_text(page.replace("0.750", "0.740"))
    assert run(monkeypatch, "--check") == 1
    assert run(monkeypatch) == 0
    assert (docs / "page.md").read_text() == page


def test_the_scores_are_those_that_were_written(docs, runs, monkeypatch):
    run(monkeypatch, "--from", runs)
    assert make_results.scores(make_results.by_table(docs / "results.csv")["small-one"]) == SCORES


def test_what_the_paper_reports_stands_beside_its_encoders(docs, runs, monkeypatch):
    (docs / "page.md").write_text("<!-- results: small-one -->\n<!-- end of results -->\n")
    run(monkeypatch, "--from", runs)
    page = (docs / "page.md").read_text()
    in_units, in_pixels = page.split("in pixels of the frame")
    assert "Reported" not in in_units
    assert "| Mean L1 distance in pixels ↓ | Reported |" in in_pixels
    rows = [line.split(" | ") for line in in_pixels.splitlines() if line.startswith("| ")]
    # Table 1 of Pihlgren et al. 2020, and nothing for chance.
    assert {row[0].strip("| "): row[4] for row in rows[2:]} == {
        "AE": "13.22",
        "P. AE": "1.44",
        "Chance": "",
    }


def test_rows_of_one_system_have_no_reported_value(docs, runs, monkeypatch):
    (docs / "page.md").write_text("<!-- results: small-one -->\n<!-- end of results -->\n")
    both = [dataclasses.replace(score, loss="perceptual") for score in SCORES]
    write_csv(runs / "small" / "one" / "report" / "results.csv", both)
    run(monkeypatch, "--from", runs)
    assert "Reported" not in (docs / "page.md").read_text()


def test_paired_tests_are_quoted_without_what_all_tables_share(docs, runs, monkeypatch):
    (docs / "page.md").write_text("<!-- results: small-one -->\n<!-- end of results -->\n")
    run(monkeypatch, "--from", runs)
    page = (docs / "page.md").read_text()
    assert "paired t-test over 2 seeds" in page
    assert "Student" not in page
    assert "roughly normally" not in page


def test_a_table_that_a_recipe_wrote_is_kept_on_the_page(docs, runs, monkeypatch):
    page = docs / "page.md"
    page.write_text("<!-- results: table4/fidelity -->\n<!-- end of results -->\nAfter.\n")
    (runs / "table4").mkdir()
    (runs / "table4" / "fidelity.md").write_text("**Title**\n\n| SE |\n| ---: |\n| 1.5 |\n")
    run(monkeypatch, "--from", runs)
    text = page.read_text()
    assert "| 1.5 |\n\n<!-- end of results -->\nAfter." in text
    shutil.rmtree(runs)
    assert run(monkeypatch) == 0
    assert page.read_text() == text


def test_pictures_that_pages_show_are_made_again(docs, runs, monkeypatch):
    (docs / "page.md").write_text("![a](small-one_maps.png) ![b](small-one_rows.jpg)\n")
    folder = runs / "small" / "one"
    (folder / "report" / "figures").mkdir()
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = 200
    for path in ("report/figures/maps.png", "rows.png", "unshown.png"):
        PIL.Image.fromarray(pixels).save(folder / path)
    run(monkeypatch, "--from", runs)
    assert (docs / "small-one_maps.png").read_bytes() == (
        folder / "report" / "figures" / "maps.png"
    ).read_bytes()
    with PIL.Image.open(docs / "small-one_rows.jpg") as image:
        assert image.format == "JPEG"
        np.testing.assert_allclose(np.asarray(image), pixels, atol=10)
    assert not (docs / "small-one_unshown.png").exists()


def test_datasets_are_named_without_their_folder():
    row = {"run": "ae", "dataset": "zip:/home/someone/photos.zip"}
    assert make_results.without_folder(row)["dataset"] == "zip:photos.zip"
    assert make_results.without_folder({"dataset": "llv2/small"})["dataset"] == "llv2/small"
    for rows in make_results.by_table(make_results.RESULTS).values():
        assert not any(":/" in row["dataset"] for row in rows)


def test_the_pages_quote_the_committed_results(monkeypatch, capsys):
    assert run(monkeypatch, "--check") == 0, capsys.readouterr().out


def test_every_block_has_an_end():
    for page in make_results.PAGES:
        text = page.read_text("utf-8")
        marks = re.findall(r"<!-- (results: |end of results)", text)
        assert marks == ["results: ", "end of results"] * (len(marks) // 2), page


def quoted_numbers(page):
    """Decimal numbers in the prose of a page, with their lines."""
    text = re.sub(r"<!-- results: .*?<!-- end of results -->", "", page, flags=re.DOTALL)
    text = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", text, flags=re.DOTALL)
    return re.findall(r"(?<![\d.])\d+\.\d+(?![\d.])", text)


def test_numbers_in_the_readme_are_results():
    results, curves = (
        make_results.by_table(path) for path in (make_results.RESULTS, make_results.CURVES)
    )
    measured = list(make_results.numbers(results, curves))
    measured += [PIXELS_PER_UNIT * value for value in measured]
    measured += [value for _, values in REPORTED.values() for value in values.values()]
    measured += OF_DECODINGS
    for number in quoted_numbers((ROOT / "README.md").read_text("utf-8")):
        decimals = len(number.partition(".")[2])
        found = any(f"{value:.{decimals}f}" == number for value in measured)
        assert found or number in VERSIONS, f"{number} in README is no result"
