"""Quote results in README and in the pages of docs.

    python docs/make_results.py               # tables and curves from results.csv and curves.csv
    python docs/make_results.py --from runs   # first take the results of finished studies into them
    python docs/make_results.py --check       # change nothing; exit code 1 if a page differs

A study is a folder in `runs`; the name of `runs/table1/stl10` is `table1-stl10`. A page quotes
between `<!-- results: NAME -->` and `<!-- end of results -->`, where NAME is

- `STUDY` for all its tables of scores and paired tests, `STUDY/table` for the first table alone.
  What the signs in them mean is told once, in `results.md`;
- `STUDY/curves` for errors by epoch;
- `STUDY/fidelity` or `STUDY/inversions` for the table of that name that its recipe wrote, which is
  nowhere but on the page.

A picture of a study that a page shows is named `STUDY_PICTURE.png` or `STUDY_PICTURE.jpg`.
"""

import argparse
import csv
import dataclasses
import io
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from tfdeepsim.data.naming import dataset_name
from tfdeepsim.recipes.curves import curve_table
from tfdeepsim.recipes.systems import DECIMALS, REPORTED, SYSTEMS
from tfdeepsim.report.figures.probe_curves import probe_curves
from tfdeepsim.report.naming import paper_name
from tfdeepsim.report.notes import paired_notes
from tfdeepsim.report.row_comparison import RowComparison, compare_rows
from tfdeepsim.report.score_table import score_tables
from tfdeepsim.report.wording import scale
from tfdeepsim.scores import Score
from tfdeepsim.tables import Cell, Table, table_markdown

DOCS = Path(__file__).parent
RESULTS, CURVES = DOCS / "results.csv", DOCS / "curves.csv"
OTHERS = (DOCS.parent / "README.md", DOCS.parent / "saved_models" / "README.md")
PAGES = (*OTHERS, *sorted(DOCS.glob("*.md")))
BLOCK = re.compile(r"(<!-- results: (\S+) -->\n)(.*?)(<!-- end of results -->)", re.DOTALL)
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]*\.(?:png|jpg))\)")
PARTS_OF_A_STUDY = ("report", "figures")
WRITTEN_TABLES = ("fidelity", "inversions")
JPEG_QUALITY = 90
WIDTH = 118
Rows = list[dict[str, str]]


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description="Quote results in README and in docs.")
    parser.add_argument("--from", dest="runs", metavar="DIR", type=Path, help="folder of studies")
    parser.add_argument("--check", action="store_true", help="change nothing")
    arguments = parser.parse_args()
    results, curves = (by_table(path) for path in (RESULTS, CURVES))
    tables, pictures = {}, {}
    if arguments.runs:
        results |= studies(arguments.runs, RESULTS.name)
        curves |= studies(arguments.runs, CURVES.name)
        tables = written_tables(arguments.runs)
        pictures = shown_pictures(arguments.runs)
    contents = {RESULTS: as_csv(results), CURVES: as_csv(curves)}
    contents |= {page: quoted(page.read_text("utf-8"), results, curves, tables) for page in PAGES}
    wrong = [path for path, text in contents.items() if path.read_text("utf-8") != text]
    for path in wrong:
        print(path.relative_to(DOCS.parent), "differs" if arguments.check else "written")
    if not arguments.check:
        for path in wrong:
            path.write_text(contents[path], encoding="utf-8")
        for name, rows in curves.items():
            chance = next(s.chance for s in scores(results[name]) if s.metric == "l1")
            pictures[DOCS / f"{name}_curves.png"] = probe_curves(errors(rows), chance)
        for path, content in pictures.items():
            path.write_bytes(content)
    return int(arguments.check and bool(wrong))


def by_table(path: Path) -> dict[str, Rows]:
    """The rows of a file by their column `study`."""
    tables: dict[str, Rows] = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            tables.setdefault(row.pop("study"), []).append(row)
    return tables


def studies(runs: Path, file: str) -> dict[str, Rows]:
    """The rows of a file of each study."""
    tables = {}
    for path in sorted(runs.rglob(file)):
        with open(path, newline="", encoding="utf-8") as rows:
            tables[study_of(path, runs)] = [without_folder(row) for row in csv.DictReader(rows)]
    return tables


def study_of(path: Path, runs: Path) -> str:
    """The name of the study that a file belongs to."""
    parts = path.parent.relative_to(runs).parts
    return "-".join(part for part in parts if part not in PARTS_OF_A_STUDY)


def written_tables(runs: Path) -> dict[str, str]:
    """Tables that recipes wrote as Markdown, by the name by which pages quote them."""
    return {
        f"{study_of(path, runs)}/{name}": path.read_text("utf-8")
        for name in WRITTEN_TABLES
        for path in sorted(runs.rglob(f"{name}.md"))
    }


def shown_pictures(runs: Path) -> dict[Path, bytes]:
    """The pictures of studies that pages show, made again."""
    found = {f"{study_of(path, runs)}_{path.stem}": path for path in sorted(runs.rglob("*.png"))}
    shown = {
        page.parent / link for page in PAGES for link in PICTURE.findall(page.read_text("utf-8"))
    }
    return {path: picture(found[path.stem], path.suffix) for path in shown if path.stem in found}


def picture(path: Path, suffix: str) -> bytes:
    """The content of a picture as PNG or JPEG."""
    if suffix == ".png":
        return path.read_bytes()
    content = io.BytesIO()
    with PIL.Image.open(path) as image:
        image.convert("RGB").save(content, "JPEG", quality=JPEG_QUALITY)
    return content.getvalue()


def without_folder(row: dict[str, str]) -> dict[str, str]:
    """A row whose dataset is the name of its file, wherever that was."""
    kind, colon, path = row.get("dataset", "").partition(":")
    return row | {"dataset": f"{kind}:{Path(path).name}"} if colon else row


def as_csv(tables: Mapping[str, Rows]) -> str:
    """The tables in one file, in the order of their names."""
    text = io.StringIO()
    columns = dict.fromkeys(name for rows in tables.values() for row in rows for name in row)
    writer = csv.DictWriter(text, ["study", *columns], lineterminator="\n")
    writer.writeheader()
    for name in sorted(tables):
        writer.writerows({"study": name, **row} for row in tables[name])
    return text.getvalue()


def scores(rows: Rows) -> list[Score]:
    """The scores of a table."""
    kinds: dict[str, Callable[[str], Any]] = {
        "float": float,
        "int": int,
        "tuple[float, ...]": lambda text: tuple(map(float, text.split())),
    }
    types = {f.name: getattr(f.type, "__name__", str(f.type)) for f in dataclasses.fields(Score)}
    types["values"] = "tuple[float, ...]"
    return [
        Score(**{name: kinds.get(types[name], str)(text) for name, text in row.items()})
        for row in rows
    ]


def errors(rows: Rows) -> dict[str, np.ndarray]:
    """Errors of a probe, [seeds, epochs], by the name of a row."""
    curves: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        curves.setdefault(row["row"], {}).setdefault(row["seed"], []).append(float(row["l1"]))
    return {name: np.array(list(seeds.values())) for name, seeds in curves.items()}


def quoted(
    page: str,
    results: Mapping[str, Rows],
    curves: Mapping[str, Rows],
    tables: Mapping[str, str],
) -> str:
    """A page with the tables that it quotes."""

    def block(match: re.Match[str]) -> str:
        begin, name, earlier, end = match.groups()
        study, _, part = name.partition("/")
        if part in WRITTEN_TABLES:
            return f"{begin}\n{wrapped(tables.get(name, earlier))}\n\n{end}"
        if part == "curves":
            blocks = [curve_table(errors(curves[study]))]
        else:
            blocks = score_blocks(scores(results[study]))
        if part == "table":
            blocks = [dataclasses.replace(blocks[0], title="", notes=())]
        quote = "\n".join(map(table_markdown, blocks))
        return f"{begin}\n{wrapped(quote)}\n\n{end}"

    return BLOCK.sub(block, page)


def wrapped(markdown: str) -> str:
    """Tables, and paragraphs in lines of the width of the pages."""
    return "\n\n".join(
        part
        if part.startswith("|")
        else textwrap.fill(part, WIDTH, break_long_words=False, break_on_hyphens=False)
        for part in markdown.strip().split("\n\n")
    )


def score_blocks(of_study: Sequence[Score]) -> list[Table]:
    """The tables of a study, with what the paper reports, and the paired tests below the last."""
    comparisons = compare_rows(of_study)
    *first, last = (
        with_reported(table, comparison)
        for comparison in comparisons
        for table in score_tables([comparison])
    )
    # The last group is the scope of the tests.
    tests = [sentence for group in paired_notes(comparisons)[:-1] for sentence in group]
    return [*first, dataclasses.replace(last, notes=tests)]


def with_reported(table: Table, comparison: RowComparison) -> Table:
    """A table with a column of what Pihlgren et al. report, if it is one of MLP probes on their
    four encoders, on images of a dataset of theirs, in their unit."""
    dataset = dataset_name(comparison.dataset)
    paper = next((name for name in REPORTED if dataset.startswith(name)), None)
    if paper is None or comparison.probe != "mlp":
        return table
    metric, values = REPORTED[paper]
    columns = [place for place, title in enumerate(table.headings) if title.startswith(metric)]
    encoders = [text(row[0]) for row in table.sections[0]]
    if not columns or len(set(encoders)) < len(encoders):
        return table
    reported = {
        paper_name(system["model"], system["loss"]): f"{values[name]:.{DECIMALS[paper]}f}"
        for name, system in SYSTEMS.items()
    }
    after = columns[0] + 1

    def row(cells: Sequence[str | Cell]) -> list[str | Cell]:
        return [*cells[:after], reported.get(text(cells[0]), ""), *cells[after:]]

    return dataclasses.replace(
        table,
        headings=[*table.headings[:after], "Reported", *table.headings[after:]],
        sections=[[*map(row, section)] for section in table.sections],
    )


def text(cell: str | Cell) -> str:
    """The text of a cell."""
    return cell if isinstance(cell, str) else cell.text


def numbers(results: Mapping[str, Rows], curves: Mapping[str, Rows]) -> Iterable[float]:
    """All numbers that a page may quote, in the units in which they are shown."""
    for rows in results.values():
        for score in scores(rows):
            values = (score.value, score.low, score.high, score.chance, *score.values)
            yield from (scale(score.metric) * value for value in values)
        for comparison in compare_rows(scores(rows)):
            for metric in comparison.metrics:
                for test in comparison.paired_tests(metric):
                    ends = (test.difference, test.low, test.high)
                    yield from (abs(scale(metric) * end) for end in ends)
    for rows in curves.values():
        for seeds in errors(rows).values():
            yield from seeds.mean(axis=0)
            yield from seeds.flat


if __name__ == "__main__":
    sys.exit(main())
