"""The table of inversions."""

import csv
import dataclasses
import io
import math

from rich.console import Console

from tfdeepsim.inversion.score import InversionScore
from tfdeepsim.report.inversion_table import InversionTable, print_inversions, write_inversions


def score(method="DeePSiM", seed=0, features="alexnet:relu6", shift=0.0):
    return InversionScore(
        features, method, seed, 500, 0.55 + shift, 0.48 + 2 * shift, 0.3 + shift, 0.9 + shift
    )


SCORES = [
    *(score(seed=seed, shift=shift) for seed, shift in enumerate((-0.02, 0.0, 0.02))),
    score("pixel | loss"),
    score(features="alexnet:fc8", seed=1),
]
PAPER = {("alexnet:relu6", "DeePSiM"): "55 / 48"}
TABLE = InversionTable(SCORES, PAPER, ["Five test images."])


def markdown_rows(table, folder):
    write_inversions(folder, table)
    text = (
        (folder / "inversions.md").read_text(encoding="utf-8").replace("\\|", "/").replace("\\", "")
    )
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]


def printed(table, **options):
    file = io.StringIO()
    print_inversions(table, Console(file=file, **options))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_seeds_are_one_row_with_an_interval(tmp_path):
    titles, rule, seeds, single, other = markdown_rows(TABLE, tmp_path)
    assert titles == [
        *("Features", "Method", "Image error (%) ↓", "Feature error (%) ↓", "SSIM ↑"),
        *("Gradients (1 = real)", "Seeds", "Paper: image / feature"),
    ]
    assert rule == ["---"] * 2 + ["---:"] * 6
    # Three numbers at a distance d: deviation d, Student's t of two degrees of freedom 4.3027.
    half = 4.3027 / math.sqrt(3)
    assert seeds == [
        *("alexnet:relu6", "DeePSiM", f"55.0 ± {2 * half:.1f}", f"48.0 ± {4 * half:.1f}"),
        *(f"0.300 ± {0.02 * half:.3f}", f"0.90 ± {0.02 * half:.2f}", "3", "55 / 48"),
    ]
    assert single == ["alexnet:relu6", "pixel / loss", "55.0", "48.0", "0.300", "0.90", "1", "–"]
    assert other == ["alexnet:fc8", "DeePSiM", "55.0", "48.0", "0.300", "0.90", "1", "–"]


def test_seeds_of_a_row_may_be_apart(tmp_path):
    mixed = [SCORES[0], SCORES[3], SCORES[2], SCORES[1]]
    assert markdown_rows(InversionTable(mixed, PAPER), tmp_path)[2][-2] == "3"


def test_no_paper_no_column(tmp_path):
    rows = markdown_rows(InversionTable(SCORES), tmp_path)
    assert {len(row) for row in rows} == {7}
    assert rows[0][-1] == "Seeds"


def test_tiny_values_have_no_sign(tmp_path):
    noise = dataclasses.replace(score(), ssim=-1e-5)
    assert markdown_rows(InversionTable([noise]), tmp_path)[2][4] == "0.000"


def test_every_score_is_a_line_of_csv(tmp_path):
    write_inversions(tmp_path / "new", InversionTable([*SCORES, score("grüße")]))
    with open(tmp_path / "new" / "inversions.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    types = {"features": str, "method": str, "seed": int, "images": int}
    read = [
        InversionScore(**{name: types.get(name, float)(row[name]) for name in row}) for row in rows
    ]
    assert read == [*SCORES, score("grüße")]


def test_files_are_replaced(tmp_path):
    write_inversions(tmp_path, TABLE)
    write_inversions(tmp_path, InversionTable([score("other")]))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inversions.csv", "inversions.md"]
    for path in tmp_path.iterdir():
        assert "other" in path.read_text(encoding="utf-8")
        assert "DeePSiM" not in path.read_text(encoding="utf-8")


def test_printed():
    lines = printed(TABLE, width=120)
    assert lines[0] == "Images from features"
    assert lines[-1] == "Five test images."
    assert lines[-4].split()[:2] == ["alexnet:relu6", "DeePSiM"]
    assert lines[-4].split()[-4:] == ["3", "55", "/", "48"]


def test_a_narrow_terminal():
    many = [
        dataclasses.replace(s, method=f"{s.method} {number}") for number in range(4) for s in SCORES
    ]  # 12 rows
    for width in (80, 60):
        lines = printed(InversionTable(many, PAPER), width=width)
        assert max(map(len, lines)) <= width
        assert sum(line.startswith("alex") for line in lines) == 12
    few = printed(InversionTable([score()]), width=50)
    assert max(map(len, few)) <= 50
    assert "SSIM ↑                        0.300" in few
